"""A backup of an installation at work, brought back into an empty database, and what connected SDKs make of it."""

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flagsite_sdk import FlagClient

from tests.databases import named, with_postgresql_tools
from tests.ports import eventually, free_port
from tests.processes.site import ROOT, Process, Site, patch, sees

FLAGS = 40
ANN = {"id": "ann"}

Manage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def manage(site: Site) -> Manage:
    """Run manage.py for the installation, or for one that differs in some variables."""

    def run(*arguments: str, **differing: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env={**site.environment, "PATH": with_postgresql_tools(), **differing},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def empty(site: Site) -> Iterator[str]:
    """The address of a database in which there is nothing."""
    server, name = os.environ["TEST_DATABASE_URL"], f"empty_{os.getpid()}_{free_port()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        yield named(server, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def rows_in(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def heads_in(file: Path) -> list[dict[str, Any]]:
    with tarfile.open(file) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest
        heads: list[dict[str, Any]] = json.load(manifest)["heads"]
        return heads


@pytest.fixture
def live(site: Site, stream: Process) -> tuple[Site, Process]:
    """The installation, and the process that its SDK is connected to."""
    return site, stream


@pytest.fixture
def stop_changing(site: Site, stream: Process) -> Iterator[Callable[[], None]]:
    """Change one flag after the other; called, let the change under way end, and make no more."""
    enough = threading.Event()

    def change() -> None:
        with site.api(stream) as api:
            for number in itertools.count():
                if enough.is_set():
                    return
                patch(api, f"flag-{number % FLAGS:04}", enabled=number // FLAGS % 2 == 1, comment=f"change {number}")

    def stop() -> None:
        enough.set()
        thread.join()

    thread = threading.Thread(target=change)
    thread.start()
    yield stop
    stop()


def test_sdks_converge_on_an_installation_that_went_back(
    live: tuple[Site, Process], manage: Manage, empty: str, tmp_path: Path, stop_changing: Callable[[], None]
) -> None:
    file, (site, stream) = tmp_path / "flagsite.backup", live
    with FlagClient(stream.url, site.server_key, report=False, backoff_cap=0.5) as client:
        eventually(lambda: (client.status().revision or 0) > 5, within=30)
        done = manage("backup", str(file))
        assert done.returncode == 0, done.stderr
        (head,) = heads_in(file)
        later = head["number"] + 5  # it was made while changes went on
        eventually(lambda: (client.status().revision or 0) > later, within=30)
        stop_changing()
        ((last,),) = site.rows("SELECT revision FROM accounts_environment")
        sees(lambda: client.status().revision, last, within=30)
        stream.end()

        done = manage("restore", str(file), DATABASE_URL=empty)
        assert done.returncode == 0, done.stderr
        assert f"shop/production: whole, revision {head['number']}" in done.stdout
        done = manage("verify_history", DATABASE_URL=empty)
        assert (done.returncode, head["digest"] in done.stdout) == (0, True), done.stderr

        before, site.environment["DATABASE_URL"] = site.environment["DATABASE_URL"], empty
        try:
            stream.start()
            sees(lambda: client.status().revision, head["number"], within=30)
            states = rows_in(empty, "SELECT key, enabled FROM flags_flag f JOIN flags_flagstate s ON s.flag_id = f.id")
            assert {key: client.is_enabled(key, ANN) for key, _ in states} == dict(states)
            with site.api(stream) as api:
                patch(api, "flag-0000", enabled=not dict(states)["flag-0000"])
            sees(lambda: client.is_enabled("flag-0000", ANN), not dict(states)["flag-0000"])
        finally:
            stream.end()
            site.environment["DATABASE_URL"] = before
            stream.start()


def test_the_embedded_installation_too(manage: Manage, tmp_path: Path) -> None:
    def embedded(*arguments: str, directory: str) -> "subprocess.CompletedProcess[str]":
        return manage(*arguments, DATABASE_URL="", REDIS_URL="", DATA_DIR=str(tmp_path / directory))

    assert embedded("migrate", "--verbosity", "0", directory="one").returncode == 0
    database = tmp_path / "one" / "flagsite.sqlite3"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO auth_group (name) VALUES ('Merchants')")
    file = str(tmp_path / "embedded.backup")
    done = embedded("backup", file, directory="one")
    assert done.returncode == 0, done.stderr
    done = embedded("restore", file, directory="two")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "two" / "flagsite.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM auth_group").fetchall() == [("Merchants",)]
    done = embedded("restore", file, directory="two")
    assert (done.returncode, "holds data (in auth_group)" in done.stderr) == (1, True), done.stderr
