"""Keeps the last-known configuration in a file, so that a restart while the server is down still serves.

The file is bound to the server and to the key it came with: another environment's flags are never served from
it. A file that is missing, foreign, half-written or damaged is the same as no file, with a line in the log.
So is one that was written by somebody who does not hold the key: it is sealed with it (HMAC-SHA256). Without the
seal whoever can write the file would decide the flags, and for longer than until the server answers: a client that
holds the present revision is sent nothing.
It may hold ids of individually targeted users, so only its owner may read it.
"""

import contextlib
import hmac
import os
import tempfile
from pathlib import Path
from typing import Self

import msgspec

from flagsite_sdk.quiet_log import LOGGER, QuietLog
from flagsite_sdk.settings import Settings

_FORMAT = 2


class _File(msgspec.Struct):
    format: int
    server: str
    key: str
    seal: str
    snapshot: msgspec.Raw


_read = msgspec.json.Decoder(_File)
_write = msgspec.json.Encoder()


class SnapshotFile:
    """The file of one client."""

    def __init__(self, path: str | Path, *, server: str, key_id: str, secret: str) -> None:
        self._path = Path(path)
        self._server = server
        self._key_id = key_id
        self._secret = secret.encode()
        self._log = QuietLog()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the file that a client is to keep, if it is to keep one."""
        own = {"server": settings.base_url, "key_id": settings.key_id, "secret": settings.api_key}
        return cls(settings.cache_path, **own) if settings.cache_path else None

    def load(self) -> bytes | None:
        """Return the snapshot's JSON, or None when there is none of this server and key."""
        try:
            file = _read.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.MsgspecError, RecursionError) as problem:
            LOGGER.warning("The cached configuration %s is not usable: %s", self._path, problem)
            return None
        snapshot = bytes(file.snapshot)
        if file.format != _FORMAT:
            LOGGER.warning("The cached configuration %s is of another version: ignored", self._path)
            return None
        if (file.server, file.key) != (self._server, self._key_id):
            LOGGER.warning("The cached configuration %s is of another server or key: ignored", self._path)
            return None
        if not hmac.compare_digest(file.seal.encode(), self._seal(snapshot).encode()):
            LOGGER.warning(
                "The cached configuration %s is damaged or was not written with our key: ignored", self._path
            )
            return None
        return snapshot

    def save(self, snapshot: bytes) -> bool:
        """Replace the file, whole or not at all; return whether that worked. Never raises."""
        file = _File(_FORMAT, self._server, self._key_id, self._seal(snapshot), msgspec.Raw(snapshot))
        try:
            self._replace(_write.encode(file))
        except OSError as problem:  # a full disk, a read-only one, a missing folder
            self._log.warn(problem.errno, "The configuration cannot be kept in %s: %s", self._path, problem)
            return False
        return True

    def _seal(self, snapshot: bytes) -> str:
        return hmac.digest(self._secret, self._server.encode() + b"\n" + snapshot, "sha256").hex()

    def _replace(self, content: bytes) -> None:
        # mkstemp gives mode 0600 and a name that no other process has
        folder, prefix = self._path.parent, f".{self._path.name}."
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=folder)
        try:
            with open(descriptor, "wb") as temporary:  # noqa: PTH123 - a descriptor, not a path
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
            Path(name).replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
