"""Part of `make bench`: what recording evaluations costs of the throughput of `POST /evaluate`.

Two web processes (granian, one worker) on one PostgreSQL: one records and logs each evaluation, one only counts them.
They take turns under the same load. Judged is the throughput: how many evaluations a second fewer there are where they
are recorded. The CPU of the process for an evaluation, with its writing threads, is told beside it. Exit status 1 when
recording costs more than the budget.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.server.installation import cpu_seconds
from tests.processes.site import Process, Site
from tests.services import start as start_services

BUDGET: Final = 0.15
PEOPLE: Final = 2
"""Connections that ask without a pause: enough for a process of one thread to have no time to rest."""


def main() -> int:
    """Measure, print, and say whether the budget is kept."""
    parser = argparse.ArgumentParser(prog="make bench-recording", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    options = parser.parse_args()
    start_services()
    with tempfile.TemporaryDirectory() as directory:
        site = Site(Path(directory), flags=100)
        site.environment["LOG_LEVEL"] = "INFO"
        try:
            return _measure(site, rounds=options.rounds, seconds=options.seconds)
        finally:
            site.close()


def _measure(site: Site, *, rounds: int, seconds: float) -> int:
    without = _web(site, records=False)
    recording = _web(site, records=True)
    rates: dict[Process, list[float]] = {without: [], recording: []}
    work: dict[Process, list[float]] = {without: [], recording: []}
    for number in range(rounds + 1):
        order = (without, recording) if number % 2 else (recording, without)
        for process in order:
            before = cpu_seconds(process)
            rate, answered = _load(site, process, seconds)
            if number:  # the first round warms up
                rates[process].append(rate)
                work[process].append((cpu_seconds(process) - before) / answered)
    slower = 1 - statistics.median(ours / other for ours, other in zip(rates[recording], rates[without], strict=True))
    cost = 1 - statistics.median(work[without]) / statistics.median(work[recording])
    sys.stdout.write(
        f"only counting: {_micro(work[without])} µs of CPU an evaluation, at best {max(rates[without]):.0f}/s\n"
        f"recording:     {_micro(work[recording])} µs of CPU an evaluation, at best {max(rates[recording]):.0f}/s\n"
        f"recording costs {slower:.1%} of the evaluations a second (budget {BUDGET:.0%}), and {cost:.1%} of the CPU of "
        f"each (median of {rounds} rounds, load {os.getloadavg()[0]:.1f})\n"
    )
    return 0 if slower <= BUDGET else 1


def _micro(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e6:.0f}"


def _web(site: Site, *, records: bool) -> Process:
    site.environment["RECORD_EVALUATIONS"] = str(records).lower()
    site.environment = dict(site.environment)  # the process keeps the one that it was started with
    return site.web()


def _load(site: Site, process: Process, seconds: float) -> tuple[float, int]:
    """Return the evaluations per second of a turn, and how many there were."""
    answered = [0] * PEOPLE
    deadline = time.perf_counter() + seconds

    def ask(person: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", process.port)
        headers = {"Authorization": f"Bearer {site.server_key}", "Content-Type": "application/json"}
        while time.perf_counter() < deadline:
            context = {"id": f"user-{person}-{answered[person]}", "country": "US", "plan": "pro"}
            body = json.dumps({"flag_key": "flag-0001", "context": context})
            connection.request("POST", "/evaluate", body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != http.HTTPStatus.OK:
                raise SystemExit(f"answered {response.status}")
            answered[person] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(person,)) for person in range(PEOPLE)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / (time.perf_counter() - start), sum(answered)


if __name__ == "__main__":
    sys.exit(main())
