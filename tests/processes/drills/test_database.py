"""PostgreSQL dies, without a moment to write anything down, and comes back."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from tests.ports import eventually
from tests.processes.drills.work import PATIENCE, Work
from tests.processes.site import Site


def test_postgresql_is_killed(postgresql: Any, tmp_path: Path) -> None:
    site = Site(tmp_path, flags=5, postgresql=postgresql.get_uri())
    try:
        web, stream = site.web(), site.stream()
        with Work(site, web=web.url, stream=stream.url) as work:
            _kill(postgresql)
            eventually(lambda: work.writer.failed or work.reader.failed, within=PATIENCE, what="somebody is refused")
            eventually(lambda: _starts(postgresql), within=PATIENCE, what="PostgreSQL has recovered")
            work.all_is_well(web.url)
    finally:
        site.close()


def _kill(postgresql: Any) -> None:
    """End the postmaster and its children at once; stopped first, it makes no more of them.

    Its lock files go too: until the machine's first process has reaped the dead postmaster, which takes seconds on
    some machines, both its starter and PostgreSQL itself would take it for running.
    """
    dying = postgresql.get_postmaster_info()
    os.kill(dying.pid, signal.SIGSTOP)
    family = [dying.pid, *_children(dying.pid)]
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(_lives(pid) for pid in family), within=PATIENCE)
    (dying.pgdata / "postmaster.pid").unlink()
    dying.socket_path.with_name(f"{dying.socket_path.name}.lock").unlink()


def _starts(postgresql: Any) -> bool:
    """Start it, or go on waiting: on a busy machine it recovers for longer than its starter has patience."""
    try:
        postgresql.start()
        psycopg.connect(postgresql.get_uri()).close()
    except (subprocess.SubprocessError, AssertionError, psycopg.OperationalError):
        return False
    return True


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
