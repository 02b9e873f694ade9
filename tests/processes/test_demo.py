"""`manage.py demo`, the command behind `make run`: nothing installed, one process, everything works."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from flagsite_sdk import FlagClient
from flagsite_sdk.engine.bucketing import bucket

from tests.ports import eventually, free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]
STAFF = {"id": "ann", "email": "ann@harbour.example"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The facts of demo.json, the process and what it printed, while it runs."""
    directory = tmp_path_factory.mktemp("demo")
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with (directory / "printed").open("w") as printed:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env={
                **kept,
                "PORT": str(port),
                "DATA_DIR": str(directory / "data"),
                "PYTHONWARNINGS": "error",
                "DEMO_STEP_SECONDS": "1",
            },
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        wait_for_port(port, within=40)
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200, within=20)
        facts = json.loads((directory / "data" / "demo.json").read_text())
        yield {**facts, "process": process, "printed": directory / "printed"}
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0, (directory / "printed").read_text()
        assert "Traceback" not in (directory / "printed").read_text()


def test_it_prints_how_to_get_in(demo: dict[str, Any]) -> None:
    printed = demo["printed"].read_text()
    for wanted in (
        demo["url"] + "/admin/",
        demo["admin"]["username"],
        demo["admin"]["password"],
        demo["server_keys"]["production"],
        demo["tokens"]["admin"],
        "curl",
        "from flagsite_sdk import FlagClient",
    ):
        assert wanted in printed


def test_it_has_three_environments_and_a_dozen_flags_of_all_types(demo: dict[str, Any]) -> None:
    assert list(demo["server_keys"]) == ["development", "staging", "production"]
    with FlagClient(demo["url"], demo["server_keys"]["production"], report=False) as client:
        values = client.evaluate_all({"id": "user-1"})
    assert len(values) == 12
    assert all(found.error_code is None for found in values.values())
    assert {type(found.value) for found in values.values()} >= {bool, str, int, dict}


def test_the_sdk_sees_a_change_at_once(demo: dict[str, Any]) -> None:
    admin = {"Authorization": f"Bearer {demo['tokens']['admin']}"}
    address = f"{demo['url']}/flags/new-checkout?environment=production"
    with FlagClient(demo["url"], demo["server_keys"]["production"]) as client:
        assert client.is_enabled("new-checkout", STAFF) is True
        assert httpx.patch(address, json={"enabled": False}, headers=admin).status_code == 200
        eventually(lambda: client.is_enabled("new-checkout", STAFF) is False, within=2)
        assert httpx.patch(address, json={"enabled": True}, headers=admin).status_code == 200
        eventually(lambda: client.is_enabled("new-checkout", STAFF) is True, within=2)
        assert client.flush()


def test_a_change_shows_in_the_very_next_evaluation(demo: dict[str, Any]) -> None:
    admin = {"Authorization": f"Bearer {demo['tokens']['editor']}"}
    key = {"Authorization": f"Bearer {demo['server_keys']['development']}"}
    question = {"flag_key": "holiday-theme", "context": {"id": "user-123"}}
    with httpx.Client(base_url=demo["url"]) as http:
        for enabled in (True, False, True):
            changed = http.patch(
                "/flags/holiday-theme?environment=development", json={"enabled": enabled}, headers=admin
            )
            assert changed.status_code == 200
            assert http.post("/evaluate", json=question, headers=key).json()["value"] is enabled


def test_its_ramp_goes_to_everybody_on_schedule(demo: dict[str, Any]) -> None:
    viewer = {"Authorization": f"Bearer {demo['tokens']['viewer']}"}
    address = f"{demo['url']}/flags/holiday-theme/ramp?environment=staging"

    def finished() -> Any:
        ramp = httpx.get(address, headers=viewer).json()
        return ramp if ramp["status"] == "finished" else None

    steps = eventually(finished, within=20, what="the ramp is finished")["steps"]
    assert [step["percentage"] for step in steps] == [1, 10, 50, 100]
    taken = [datetime.fromisoformat(step["taken_at"]) for step in steps]
    assert all(later - step >= timedelta(seconds=1) for step, later in pairwise(taken))
    assert "holiday-theme in staging from 1 % to 100 %, a step every 1 s" in demo["printed"].read_text()


def test_one_per_cent_now_and_fifty_a_little_later_as_an_sdk_in_another_process_sees_it(demo: dict[str, Any]) -> None:
    editor = {"Authorization": f"Bearer {demo['tokens']['editor']}"}
    with (
        httpx.Client(base_url=demo["url"], headers=editor, params={"environment": "production"}) as http,
        FlagClient(demo["url"], demo["server_keys"]["production"]) as client,
    ):
        salt = http.get("/flags/holiday-theme").json()["salt"]
        seen = [partial(client.is_enabled, "holiday-theme", {"id": _inside(salt, *bounds)}) for bounds in SLICES]
        moments = [datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (2, 4)]
        steps = [{"percentage": share, "at": at.isoformat()} for share, at in zip((1, 50), moments, strict=True)]
        assert http.post("/flags/holiday-theme/ramp", json={"steps": steps, "turn_on": True}).status_code == 201
        for number, moment in enumerate(moments):
            eventually(seen[number], within=10, what=f"step {number + 1} is seen")
            late = (datetime.now(UTC) - moment).total_seconds()
            assert 0 <= late < 5, "not before it is due, and soon after"
            assert [see() for see in seen] == [place <= number for place in range(len(seen))]
        assert http.patch("/flags/holiday-theme", json={"enabled": False}).status_code == 200
        assert client.flush()


SLICES = ((0, 1_000), (10_000, 50_000), (50_000, 100_000))
"""Buckets: of those let in at 1 %, only at 50 %, and never here."""


def _inside(salt: str, least: int, below: int) -> str:
    """Return somebody whose bucket lies in this slice."""
    return next(f"user-{n}" for n in range(100_000) if least <= bucket(salt, "rollout", f"user-{n}") < below)


def test_a_viewer_of_the_demo_can_change_nothing(demo: dict[str, Any]) -> None:
    viewer = {"Authorization": f"Bearer {demo['tokens']['viewer']}"}
    with httpx.Client(base_url=demo["url"], headers=viewer) as http:
        assert http.get("/flags/new-checkout").status_code == 200
        assert http.patch("/flags/new-checkout", json={"enabled": False}).status_code == 403


def test_a_port_that_is_taken_is_said_at_once(demo: dict[str, Any], tmp_path: Path) -> None:
    port = demo["url"].rsplit(":", 1)[1]
    second = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env={**os.environ, "PORT": port, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in second.stderr
