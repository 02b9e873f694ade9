"""The installation that is measured: PostgreSQL as it is delivered (every commit reaches the disk), Redis, ours."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import services
from tests.processes.site import Process, Site


def start_services() -> None:
    """Start PostgreSQL and Redis; PostgreSQL without the haste that is enough for tests."""
    services.start(without=())


@contextmanager
def installation(*, flags: int, **environment: str) -> Iterator[Site]:
    """Have an installation with so many flags, whose processes have these variables beside their own."""
    with tempfile.TemporaryDirectory() as directory:
        site = Site(Path(directory), flags=flags)
        site.environment["LOG_LEVEL"] = "INFO"  # as by default: each evaluation is a line
        site.environment["SERVER_KEY_RATE"] = site.environment["API_TOKEN_RATE"] = "1000000"  # counted, never reached
        site.environment.update(environment)
        try:
            yield site
        finally:
            site.close()


@contextmanager
def within_this_process(*, flags: int) -> Iterator[Site]:
    """Have an installation with so many flags, and be its web process, whose log goes nowhere."""
    with installation(flags=flags) as site:
        os.environ.update(site.environment)
        from flagsite import wsgi  # noqa: F401 - it makes this process one that serves

        with Path(os.devnull).open("w") as nowhere:
            for handler in logging.getLogger().handlers:
                handler.setStream(nowhere)  # type: ignore[attr-defined]  # the one that writes to the terminal
            yield site
            from django.db import connections

            from flags import recording

            recording.stop_writing()
            connections.close_all()


def cpu_seconds(process: Process) -> float:
    """Return the CPU time of the process and its children so far."""
    return sum(sum(map(int, fields[11:13])) for fields in _of_group(process)) / os.sysconf("SC_CLK_TCK")


def database_cpu_seconds(site: Site) -> float:
    """Return the CPU time of PostgreSQL so far: of all its processes, those that have ended among them."""
    ((backend,),) = site.rows("SELECT pg_backend_pid()")
    (postmaster,) = (int(fields[1]) for number, fields in _processes() if number == backend)
    return sum(
        sum(map(int, fields[11:15] if number == postmaster else fields[11:13]))
        for number, fields in _processes()
        if postmaster in (number, int(fields[1]))
    ) / os.sysconf("SC_CLK_TCK")


def memory_bytes(process: Process) -> int:
    """Return the memory that the process and its children hold (resident; what they share counts for each)."""
    return sum(int(fields[21]) for fields in _of_group(process)) * os.sysconf("SC_PAGE_SIZE")


def _of_group(process: Process) -> Iterator[list[str]]:
    return (fields for _, fields in _processes() if int(fields[2]) == process.pid)


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Look at all processes: their numbers, and what proc(5) lists of them from their state on."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield int(status.parent.name), status.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
