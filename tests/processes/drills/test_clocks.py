"""The clock of an SDK, and that of the server, jumps a day ahead and back again while everybody is at work."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.ports import eventually
from tests.processes.drills.work import PATIENCE, Work
from tests.processes.site import Process, Site

FLAGS = 6
FOLDER: Final = Path(__file__).parent / "wrong_clock"
A_DAY: Final = 86_400
JUMPS: Final = (A_DAY, 0, -A_DAY)
"""By how many seconds the clock is wrong, one after the other; back is what most programs take badly."""


class Clock:
    """The clock of those processes that get its environment; not ours, and not that of PostgreSQL or Redis."""

    def __init__(self, file: Path, pythonpath: str) -> None:
        self._file = file
        self.jump(to=0)
        self.environment = {"WRONG_CLOCK": str(file), "PYTHONPATH": os.pathsep.join((str(FOLDER), pythonpath))}

    def jump(self, *, to: int) -> None:
        """Be wrong by so many seconds."""
        written = self._file.with_suffix(".new")
        written.write_text(str(to))
        written.replace(self._file)


@pytest.fixture
def clock(site: Site, tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock", site.environment["PYTHONPATH"])


def test_the_clock_of_an_sdk_jumps(clock: Clock, site: Site, stream: Process, tmp_path: Path) -> None:
    with (
        Work(site, web=stream.url, stream=stream.url, deciders=1) as work,
        _deciding(site, stream, environment=site.environment | clock.environment, log=tmp_path / "log") as sdk,
    ):
        for wrong_by in JUMPS:
            clock.jump(to=wrong_by)
            work.goes_on()
            eventually(partial(_has_come_to, sdk, work.head()), within=PATIENCE, what="news reach the SDK")
        os.kill(sdk.pid, signal.SIGTERM)
        last = eventually(
            lambda: _said(sdk)["reported"] and _said(sdk), within=PATIENCE, what="its counts are reported"
        )
        assert (last["problems"], last["dropped"]) == ([], 0)
        work.decided_elsewhere = last["decided"]
        work.all_is_well(stream.url)


@contextmanager
def _deciding(site: Site, stream: Process, *, environment: dict[str, str], log: Path) -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.processes.drills.deciding", stream.url, site.server_key]
    sdk = Process(command, port=0, environment=environment, log=log).start()
    try:
        eventually(lambda: _said(sdk)["revision"], within=PATIENCE, what="the SDK has started")
        yield sdk
    finally:
        sdk.kill()


def _has_come_to(sdk: Process, revision: int) -> bool:
    return bool(_said(sdk)["revision"] >= revision)


def _said(sdk: Process) -> dict[str, Any]:
    """Return the newest of the lines that it has written whole."""
    lines = [line for line in sdk.said().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
    facts: dict[str, Any] = json.loads(lines[-1]) if lines else {"revision": 0, "reported": False}
    return facts


def test_the_clock_of_the_server_jumps(clock: Clock, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in clock.environment.items():
        monkeypatch.setitem(site.environment, name, value)
    web, stream, worker = site.web(), site.stream(), site.worker()
    with Work(site, web=web.url, stream=stream.url, deciders=2) as work, site.api(web) as api:
        for number, wrong_by in enumerate(JUMPS):
            clock.jump(to=wrong_by)
            ramp = f"/flags/flag-{number + 3:04}/ramp"
            steps = [{"percentage": 1}, {"percentage": 50, "after": "1s"}]
            assert api.post(ramp, json={"steps": steps}).status_code == 201
            work.goes_on()
            eventually(partial(_is_finished, api, ramp), within=PATIENCE, what="beat goes on")
        work.all_is_well(web.url)
        assert (work.writer.failed, work.reader.failed) == (0, 0)
    assert "Traceback" not in worker.said() + web.said() + stream.said()


def _is_finished(api: httpx.Client, ramp: str) -> bool:
    return bool(api.get(ramp).json()["status"] == "finished")
