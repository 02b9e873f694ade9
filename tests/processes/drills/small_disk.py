"""A disk that is full in a moment: a file system in memory, of a few pages."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

_PAGE: Final = 4_096
_PAGES: Final = 64


class SmallDisk:
    """A folder on a file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filling = folder / "filling"

    def fill(self, *, but: int = 0) -> None:
        """Leave room for so many pages only."""
        with self.filling.open("ab", buffering=0) as filling, suppress(OSError):  # somebody else took the last page
            while os.statvfs(self.folder).f_bavail > but:
                filling.write(bytes(_PAGE))

    def make_room(self) -> None:
        self.filling.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount one. Root may; somebody else has to be let by sudo without a password, as on the runners of CI."""
    folder.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={_PAGES * _PAGE},uid={os.geteuid()}"
    mount = [*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        give_up = pytest.fail if os.geteuid() == 0 or "CI" in os.environ else pytest.skip  # CI never goes without it
        give_up(f"this machine lets nobody mount a file system: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)
