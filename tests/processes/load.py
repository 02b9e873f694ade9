"""Load on a whole Flagsite, of every kind that the metrics know: the background of the tests of Prometheus."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from flagsite_sdk import FlagClient

from tests.processes.site import Process, Site, patch


class Load:
    """SDKs that evaluate, fail, come and go; services that ask by REST; somebody who changes flags, and a ramp."""

    def __init__(self, site: Site, *, web: Process, stream: Process, directory: Path) -> None:
        self._site = site
        self._web = web
        self._stream = stream
        self._cache = directory / "cache.json"
        self._stopping = threading.Event()
        self.problems: list[str] = []
        self.rounds = 0
        works = [self._evaluate, self._ask, self._change, self._ramp, self._come_and_go]
        self._threads = [threading.Thread(target=self._guarded(work), daemon=True) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                work()
            except Exception as problem:  # noqa: BLE001 - the test looks at them
                self.problems.append(f"{work.__name__}: {problem!r}")

        return guarded

    def _evaluate(self) -> None:
        with FlagClient(self._stream.url, self._site.server_key, flush_interval=0.5) as client:
            while not self._stopping.wait(0.05):
                self.rounds += 1
                for number in range(20):
                    client.is_enabled(f"flag-{number % 5:04}", {"id": f"user-{self.rounds}-{number}", "country": "US"})
                client.is_enabled("not-a-flag", {"id": "ann"})
                client.track("purchase", {"id": "ann"})

    def _ask(self) -> None:
        with self._site.sdk_api(self._web) as api:
            number = 0
            while not self._stopping.wait(0.05):
                number += 1
                for flag in ("flag-0001", "flag-0002", "never-heard-of"):
                    _answered(api.post("/evaluate", json={"flag_key": flag, "context": {"id": f"user-{number}"}}))
                _answered(api.post("/evaluate", json={"context": {"id": f"user-{number}"}}))

    def _change(self) -> None:
        percentage = 0
        with self._site.api(self._web) as api:
            while not self._stopping.wait(0.5):
                percentage = (percentage + 1) % 100
                patch(api, "flag-0003", rollout_percentage=percentage)

    def _ramp(self) -> None:
        """A ramp of many small steps, watched; and another one as soon as it is over."""
        steps = [{"percentage": percentage, "after": "2s"} for percentage in range(1, 50)]
        guardrail = {"metric": {"event": "refund", "per": "purchase"}, "when": {"worse_than_others": True}}
        with self._site.api(self._web) as api:
            while not self._stopping.wait(1):
                started = api.post("/flags/flag-0004/ramp", json={"steps": steps, "guardrails": [guardrail]})
                assert started.status_code in {201, 409}, started.text

    def _come_and_go(self) -> None:
        """With a file of what was held: a client that comes back."""
        while not self._stopping.wait(0.5):
            url, key = self._stream.url, self._site.server_key
            with FlagClient(url, key, report=False, cache_path=self._cache, cache_interval=0.1) as client:
                client.wait_until_ready(5)


def _answered(response: httpx.Response) -> None:
    assert response.status_code in {200, 404}, response.text
