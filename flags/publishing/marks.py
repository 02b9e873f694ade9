"""A mark for each environment, another one after every change, which all processes of a machine see at once.

A few bytes of memory that they share by a file in `DATA_DIR`. So a process that keeps something of an environment in
memory need not ask the database for each request whether another worker beside it has changed it. It says that there
was a change, and not which; and it says nothing of other machines.
"""

import mmap
import os
import struct
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

_PLACES: Final = 8_192
"""Environments that share a place have the same mark: that costs a look too many, and nothing else."""
_MARK: Final = struct.Struct("<Q")
_SIZE: Final = _PLACES * _MARK.size


class Marks:
    """The marks in a file, which is made if it is not there; where it cannot be had, those of this process alone."""

    def __init__(self, path: Path) -> None:
        try:
            self._shared = _shared(path)
        except OSError as error:
            log.warning("marks_not_shared", error=repr(error))
            self._shared = mmap.mmap(-1, _SIZE)

    def of(self, environment_id: int) -> int:
        """Return the mark of an environment."""
        (mark,) = _MARK.unpack_from(self._shared, environment_id % _PLACES * _MARK.size)
        return int(mark)

    def change(self, environment_ids: Iterable[int]) -> None:
        """Give the environments marks that they never had."""
        for environment_id in environment_ids:
            _MARK.pack_into(self._shared, environment_id % _PLACES * _MARK.size, time.time_ns())


def _shared(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, _SIZE)  # else a disk that is full later would end the process (SIGBUS)
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)


@cache
def marks() -> Marks:
    """Return those of this installation, as far as it is on this machine."""
    return Marks(Path(settings.DATA_DIR) / "marks")
