"""A Prometheus that takes every question and answers none stands in the way of nothing else, at default settings."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.ports import eventually
from tests.processes.site import Process, Site, patch

ASKING = 12
"""Ramps whose guardrails ask it."""
ON_TIME = 30.0
"""Seconds for what takes ten at the most; one look after the other, it took over a minute."""
BY_PROMETHEUS = {"metric": {"prometheus": "vector(0)"}, "when": {"above": 1}}
BY_EVENTS = {"metric": {"event": "checkout-failed", "per": "checkout"}, "when": {"above": 0.1, "sample": 10}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as hanging:
        site = Site(tmp_path, flags=ASKING + 2)
        site.environment["PROMETHEUS_URL"] = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        try:
            yield site
        finally:
            site.close()


def test_steps_and_looks_at_events_are_on_time_while_prometheus_hangs(site: Site) -> None:
    web, worker = site.web(), site.worker()
    with site.api(web) as api:
        for number in range(ASKING):
            begin(api, f"flag-{number:04}", [{"percentage": 50}, {"percentage": 60, "after": "1h"}], BY_PROMETHEUS)
        eventually(lambda: silent(site) == ASKING, within=60, what="every look at it has ended once")

        begin(api, "flag-0012", [{"percentage": 1}, *({"percentage": 2 + n, "after": "1s"} for n in range(6))])
        begin(api, "flag-0013", [{"percentage": 50}, {"percentage": 60, "after": "1h"}], BY_EVENTS)
        harm(site, web)
        eventually(lambda: status(api, "flag-0013") == "rolled_back", within=ON_TIME, what="harm by events is undone")
        eventually(lambda: status(api, "flag-0012") == "finished", within=ON_TIME, what="steps are taken")
        assert status(api, "flag-0000") == "running", "its grace is five minutes"
    assert "Traceback" not in worker.said()


def begin(api: httpx.Client, flag: str, steps: list[Any], *guardrails: Any) -> None:
    patch(api, flag, rollout_percentage=0)
    started = api.post(f"/flags/{flag}/ramp", json={"steps": steps, "guardrails": guardrails})
    assert started.status_code == 201, started.text


def silent(site: Site) -> int:
    ((number,),) = site.rows("SELECT count(*) FROM rollouts_guardrail WHERE silent_since IS NOT NULL")
    return int(number)


def status(api: httpx.Client, flag: str) -> str:
    return str(api.get(f"/flags/{flag}/ramp").json()["status"])


def harm(site: Site, web: Process) -> None:
    """Report a hundred users of whom everyone fails."""
    now = datetime.now(UTC).isoformat()
    events = [
        {"name": name, "context_id": f"user-{number}", "time": now}
        for number in range(100)
        for name in ("checkout", "checkout-failed")
    ]
    body = {"batch": str(uuid4()), "sdk": {"name": "shop", "version": "1", "instance": "shop-1"}, "events": events}
    with site.sdk_api(web) as sdk:
        assert sdk.post("/sdk/events", json=body).status_code == 202
