"""The embedded SQLite in and out, by SQLite's own online backup: page by page, whatever else has the file open."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

from django.core.management import CommandError
from django.db import connection, transaction

from flagsite.backups.archive import Sink

ENGINE: Final = "sqlite"
_CHUNK: Final = 1024 * 1024


@contextmanager
def one_moment() -> Iterator[None]:
    """Let everything inside be read as of one moment; others who write wait for it."""
    with transaction.atomic():  # which is BEGIN IMMEDIATE: the settings say so
        yield


def version() -> str:
    """Return SQLite's version."""
    return sqlite3.sqlite_version


def dump(sink: Sink) -> None:
    """Write the database's file, copied while nobody writes (`one_moment`)."""
    with tempfile.TemporaryDirectory(prefix="flagsite-backup-") as directory:
        copy = Path(directory) / "copy"
        _copy(Path(connection.settings_dict["NAME"]), copy)
        with copy.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sink.write(chunk)


def load(data: IO[bytes]) -> None:
    """Put a dump in the place of the database's content: in one transaction of SQLite's.

    Raises:
        CommandError: when the dump is no database, or somebody else holds the file.
    """
    connection.close()
    with tempfile.TemporaryDirectory(prefix="flagsite-restore-") as directory:
        copy = Path(directory) / "copy"
        with copy.open("wb") as file:
            while chunk := data.read(_CHUNK):
                file.write(chunk)
        try:
            _copy(copy, Path(connection.settings_dict["NAME"]))
        except sqlite3.Error as error:
            raise CommandError(f"SQLite failed: {error}") from None


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target, timeout=20)) as writing:
        reading.backup(writing)
