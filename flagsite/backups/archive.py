"""A backup's file: a tar of the database's own dump and a manifest. Knows nothing of databases.

It is written beside its name, whole and on disk before it has it; nobody but its owner may read it. `tar -xf` gives
the dump to whoever wants to do without Flagsite.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final, Protocol

from flagsite.backups.manifest import Manifest, Unreadable

DATA: Final = "database.dump"
MANIFEST: Final = "manifest.json"
_MAX_MANIFEST: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


class Sink(Protocol):
    """Where a dump is written to."""

    def write(self, data: bytes, /) -> object: ...  # noqa: D102


class _Counting:
    """Passes bytes on, and knows how many they were and what their digest is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def write(path: Path, manifest: Manifest, dump: Callable[[Sink], object]) -> Manifest:
    """Write a backup and return its manifest, with the size and the digest of what `dump` wrote.

    Raises:
        FileExistsError: when there is something of that name; it is left alone.
    """
    if path.exists():
        raise FileExistsError(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            manifest = _fill(file, manifest, dump)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():  # meanwhile
            raise FileExistsError(path)
        partial.rename(path)
        _sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _fill(file: IO[bytes], manifest: Manifest, dump: Callable[[Sink], object]) -> Manifest:
    """Write the dump where its header leaves room, then the header, whose size is known only now, and the manifest."""
    file.seek(tarfile.BLOCKSIZE)
    data = _Counting(file)
    dump(data)
    file.write(b"\0" * (-data.size % tarfile.BLOCKSIZE))
    manifest = replace(manifest, size=data.size, sha256=data.sha256)
    content = manifest.to_json()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_member(MANIFEST, len(content), manifest), io.BytesIO(content))
    file.seek(0)
    file.write(_member(DATA, data.size, manifest).tobuf(tarfile.GNU_FORMAT))
    return manifest


def _member(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(manifest.made_at.timestamp())
    return member


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Manifest:
    """Return what a backup says of itself, after reading all of it.

    Raises:
        Unreadable: when it is no backup, or is not what was written.
        OSError: when it cannot be read.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            found = _file(tar, MANIFEST).read(_MAX_MANIFEST)
            manifest = Manifest.from_json(found)
            digest = hashlib.sha256()
            data = _file(tar, DATA)
            while chunk := data.read(_CHUNK):
                digest.update(chunk)
    except tarfile.TarError:
        raise Unreadable("it is no backup of Flagsite, or its end is missing") from None
    if digest.hexdigest() != manifest.sha256:
        raise Unreadable("it was changed or damaged: its data is not what was written")
    return manifest


@contextmanager
def data_of(path: Path) -> Iterator[IO[bytes]]:
    """Open the dump in a backup."""
    with tarfile.open(path, "r:") as tar:
        yield _file(tar, DATA)


def _file(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = tar.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise Unreadable(f"it is no backup of Flagsite: there is no {name} in it")
    return file
