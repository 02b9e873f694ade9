"""Harm that a flag does to a shop, the ramp that lets it in, and how long it takes until it is undone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.deploy.prometheus import Prometheus
from tests.ports import eventually, free_port
from tests.processes.site import Process, Site, patch

BY_EVENTS: Final = {
    "metric": {"event": "checkout-failed", "per": "checkout"},
    "when": {"worse_than_others": True, "false_alarms": 0.01},
}
BY_PROMETHEUS: Final = {
    "metric": {
        "prometheus": 'sum(rate(shop_failures_total{flag="$flag",variation="on"}[5s]))'
        ' / sum(rate(shop_checkouts_total{flag="$flag",variation="on"}[5s]))'
    },
    "when": {"above": 0.2},
}
STEPS: Final = [{"percentage": 50}, {"percentage": 100, "after": "1h"}]

CONFIGURATION = """
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


@dataclass(frozen=True)
class Response:
    """How harm was undone; times are seconds from the first user who failed inside."""

    found_after: float
    off_after: float
    figures: dict[str, Any]
    ramp: dict[str, Any]

    @property
    def users(self) -> str:
        """Say how many users it was judged by, where that is known."""
        sides = [self.figures[side]["of"] for side in ("inside", "outside") if side in self.figures]
        return f"judged by {sum(sides)} users" if sides else "judged by a rate"


class Watched:
    """A Flagsite of web, stream and worker with beat, which knows where a Prometheus is."""

    def __init__(self, directory: Path, *, flags: int, check_seconds: int) -> None:
        self._directory = directory
        self._prometheus_port = free_port()
        self.site = Site(directory, flags=flags)
        self.site.environment["GUARDRAIL_CHECK_SECONDS"] = str(check_seconds)
        self.site.environment["PROMETHEUS_URL"] = f"http://127.0.0.1:{self._prometheus_port}"
        self.web, self.stream, self.worker = self.site.web(), self.site.stream(), self.site.worker()

    def respond(self, flag: str, guardrail: dict[str, Any], *, flush_interval: float, within: float = 30.0) -> Response:
        """Let the flag do harm, and wait until every SDK decides as before."""
        with self.site.api(self.web) as api:
            patch(api, flag, rollout_percentage=0)
            with self._shop(flag, flush_interval, is_watched="prometheus" in guardrail["metric"]) as shop:
                body = {"steps": STEPS, "guardrails": [guardrail]}
                started = api.post(f"/flags/{flag}/ramp", json=body)
                assert started.status_code == 201, started.text
                facts = eventually(lambda: _said(shop, "off_at"), within=within, what="it is undone")
            ramp = api.get(f"/flags/{flag}/ramp").json()
        (found,) = (each for each in ramp["log"] if each["kind"] == "guardrail")
        return Response(
            datetime.fromisoformat(found["at"]).timestamp() - facts["harmed_at"],
            max(facts["off_at"]) - facts["harmed_at"],
            found["details"]["figures"],
            ramp,
        )

    @contextmanager
    def _shop(self, flag: str, flush_interval: float, *, is_watched: bool) -> Iterator[Process]:
        arguments = (self.stream.url, self.site.server_key, flag, f"{flush_interval}")
        shop = self.site.program("tests.processes.shop", *arguments)
        with self._prometheus(shop, flag) if is_watched else nullcontext() as prometheus:
            if prometheus is not None:
                eventually(lambda: prometheus.ask("rate(shop_checkouts_total[5s])"), within=20, what="two scrapes")
            assert eventually(lambda: _said(shop, "is_ready"), within=20)["is_ready"]
            yield shop
        shop.end()

    def _prometheus(self, shop: Process, flag: str) -> Prometheus:
        directory = self._directory / f"prometheus-of-{flag}"
        directory.mkdir()
        return Prometheus(directory, configuration=CONFIGURATION % shop.port, port=self._prometheus_port)


def _said(shop: Process, what: str) -> dict[str, Any]:
    """Return the line of the shop's that tells this; empty: it has not come yet."""
    said = shop.said()
    assert "Traceback" not in said, said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    return next((line for line in lines if what in line), {})
