"""Part of `make bench`: what recording evaluations costs of the throughput of `POST /evaluate`.

Two web processes (granian, one worker) on one PostgreSQL: one records and logs each evaluation, one only counts them.
They take turns under the same load, in pairs, and each pair gives one ratio: what disturbs the machine for longer than
a pair disturbs both. A turn begins with as long a load as a process lets records wait, so that writing is in full
swing when it is measured, and ends when the process has written all: nobody works in the other's turn.

Judged is the throughput: how many evaluations a second fewer there are where they are recorded, in the median of the
pairs; the spread is told with it. The CPU of the process for an evaluation, with its writing threads, is told beside
it. Exit status 1 when recording costs more than the budget.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks.pairs import spread_in_words
from tests.benchmarks.server.installation import cpu_seconds
from tests.processes.site import Process, Site
from tests.services import start as start_services

BUDGET: Final = 0.15
PEOPLE: Final = 2
"""Connections that ask without a pause: enough for a process of one thread to have no time to rest."""
WRITTEN_SECONDS: Final = 2.5
"""For so long a record waits to be written at most (`flags.recording.recorder.FLUSH_SECONDS`), and is written."""


class Turn(NamedTuple):
    """What a process did while it was measured."""

    rate: float
    """Evaluations a second."""
    cpu: float
    """Seconds of CPU for each."""


def main() -> int:
    """Measure, print, and say whether the budget is kept."""
    parser = argparse.ArgumentParser(prog="make bench-recording", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="pairs of turns")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn that are measured")
    options = parser.parse_args()
    start_services()
    with tempfile.TemporaryDirectory() as directory:
        site = Site(Path(directory), flags=100)
        site.environment["LOG_LEVEL"] = "INFO"
        site.environment["SERVER_KEY_RATE"] = "1000000"  # counted, never reached
        try:
            return _measure(site, rounds=options.rounds, seconds=options.seconds)
        finally:
            site.close()


def _measure(site: Site, *, rounds: int, seconds: float) -> int:
    without = _web(site, records=False)
    recording = _web(site, records=True)
    turns: dict[Process, list[Turn]] = {without: [], recording: []}
    for number in range(rounds + 1):
        for process in (without, recording) if number % 2 else (recording, without):
            turn = _turn(site, process, seconds)
            if number:  # the first pair warms up
                turns[process].append(turn)
    pairs = list(zip(turns[without], turns[recording], strict=True))
    slower = [1 - ours.rate / other.rate for other, ours in pairs]
    dearer = [1 - other.cpu / ours.cpu for other, ours in pairs]
    sys.stdout.write(
        f"only counting: {_in_words(turns[without])}\n"
        f"recording:     {_in_words(turns[recording])}\n"
        f"recording costs {statistics.median(slower):.1%} of the evaluations a second (budget {BUDGET:.0%})\n"
        f"    {spread_in_words(slower)}\n"
        f"and {statistics.median(dearer):.1%} of the CPU of each\n"
        f"    {spread_in_words(dearer)}\n"
        f"({rounds} pairs of turns, load {os.getloadavg()[0]:.1f})\n"
    )
    return 0 if statistics.median(slower) <= BUDGET else 1


def _in_words(turns: list[Turn]) -> str:
    cpu, rate = (statistics.median(values) for values in ([turn.cpu for turn in turns], [turn.rate for turn in turns]))
    return f"{cpu * 1e6:.0f} µs of CPU an evaluation, {rate:.0f}/s"


def _web(site: Site, *, records: bool) -> Process:
    site.environment["RECORD_EVALUATIONS"] = str(records).lower()
    site.environment = dict(site.environment)  # the process keeps the one that it was started with
    return site.web()


def _turn(site: Site, process: Process, seconds: float) -> Turn:
    """Load a process, and measure it when its writing is in full swing."""
    with _load(site, process) as answered:
        time.sleep(WRITTEN_SECONDS)
        before, spent, began = sum(answered), cpu_seconds(process), time.perf_counter()
        time.sleep(seconds)
        number, spent, lasted = sum(answered) - before, cpu_seconds(process) - spent, time.perf_counter() - began
    time.sleep(WRITTEN_SECONDS)
    return Turn(number / lasted, spent / number)


@contextmanager
def _load(site: Site, process: Process) -> Iterator[list[int]]:
    """Have people ask without a pause; what is yielded says how often each was answered so far."""
    answered, refused, stopping = [0] * PEOPLE, set[int](), threading.Event()
    headers = {"Authorization": f"Bearer {site.server_key}", "Content-Type": "application/json"}

    def ask(person: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", process.port)
        while not stopping.is_set():
            context = {"id": f"user-{person}-{answered[person]}", "country": "US", "plan": "pro"}
            body = json.dumps({"flag_key": "flag-0001", "context": context})
            connection.request("POST", "/evaluate", body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != http.HTTPStatus.OK:
                refused.add(response.status)
            answered[person] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(person,)) for person in range(PEOPLE)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    if refused:
        raise SystemExit(f"answered {refused}")


if __name__ == "__main__":
    sys.exit(main())
