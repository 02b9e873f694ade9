"""PostgreSQL in and out, by its own programs: `pg_dump`'s custom format, and one transaction to bring it back.

The password goes to them in the environment, not on the command line, where every process of the machine could read it.
"""

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from flagsite.backups.archive import Sink
from flagsite.backups.tools import directory_of_tools, failed
from flagsite.env import inherited

ENGINE: Final = "postgresql"
_CHUNK: Final = 1024 * 1024


@contextmanager
def one_moment() -> Iterator[None]:
    """Let everything inside be read as of one moment, while others go on writing."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def version() -> str:
    """Return the server's version, such as `17.2`."""
    number = _server()
    return f"{number // 10_000}.{number % 10_000}"


def dump(sink: Sink) -> None:
    """Write the database as the transaction sees it that is open on Django's connection (`one_moment`).

    Raises:
        CommandError: when there is no fitting `pg_dump`, or it failed.
    """
    tools = directory_of_tools(_server() // 10_000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    wanted = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    with tempfile.TemporaryFile() as said, _started([tools / "pg_dump", *wanted, _database()], said) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        while chunk := process.stdout.read(_CHUNK):
            sink.write(chunk)
        _ended_well(process, "pg_dump", said)


def load(data: IO[bytes]) -> None:
    """Put a dump in the place of what Flagsite has in the database: in one transaction, so all of it or nothing.

    Raises:
        CommandError: when there are no fitting programs, or one of them failed; then nothing has been changed.
    """
    tools = directory_of_tools(_server() // 10_000)
    reading = [tools / "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-"]
    writing = [tools / "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", _database()]
    first = _dropping().encode()
    connection.close()
    with (
        tempfile.TemporaryFile() as said,
        _started(writing, said, gives=False) as psql,
        _started(reading, said) as pg_restore,
    ):
        assert psql.stdin is not None and pg_restore.stdout is not None  # noqa: S101, PT018 - pipes were asked for
        feeding = threading.Thread(target=_feed, args=(data, pg_restore.stdin))
        feeding.start()
        with suppress(BrokenPipeError):  # psql has refused something, and says what
            psql.stdin.write(first)
            shutil.copyfileobj(pg_restore.stdout, psql.stdin, _CHUNK)
            _ended_well(pg_restore, "pg_restore", said)  # before psql hears of the end, which would make it commit
            psql.stdin.close()
        _ended_well(psql, "psql", said)
        feeding.join()


def _feed(data: IO[bytes], sink: IO[bytes]) -> None:
    with suppress(BrokenPipeError), sink:
        shutil.copyfileobj(data, sink, _CHUNK)


def _dropping() -> str:
    """Return a statement that drops Flagsite's tables: also those that came after the backup, which it cannot name."""
    with connection.cursor() as cursor:
        there = {table.name for table in connection.introspection.get_table_list(cursor)}
    ours = there & {*connection.introspection.django_table_names(), "django_migrations"}
    listed = ", ".join(connection.ops.quote_name(name) for name in sorted(ours))
    return f"DROP TABLE IF EXISTS {listed} CASCADE;\n" if ours else ""


def _server() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.server_version)


def _database() -> str:
    """Return where Django's connection leads, without the password."""
    known = {name: value for name, value in _parameters().items() if name != "password"}
    return f"--dbname={make_conninfo('', **known)}"


def _parameters() -> dict[str, Any]:
    connection.ensure_connection()
    info = connection.connection.info
    return {**info.get_parameters(), "password": info.password}


@contextmanager
def _started(command: list[Any], said: IO[bytes], *, gives: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and end it when it is left while it still runs."""
    with (
        suppress(BrokenPipeError),
        subprocess.Popen(  # noqa: S603 - PostgreSQL's own program, with arguments of ours
            command,
            env=inherited(PGPASSWORD=_parameters()["password"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if gives else subprocess.DEVNULL,
            stderr=said,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _ended_well(process: subprocess.Popen[bytes], name: str, said: IO[bytes]) -> None:
    if process.wait() != 0:
        said.seek(0)
        raise failed(name, said.read())
