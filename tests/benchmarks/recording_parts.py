"""`python -m tests.benchmarks.recording_parts`: what recording an evaluation takes, part by part.

In one process, without HTTP, on real PostgreSQL: µs of CPU of the thread that does it, the best of twenty rounds. Each
evaluation is of another context. Lines are written a hundred at a time and rows as many as two busy seconds bring, as
in a process that serves; what PostgreSQL takes for them is the sum over all rounds.
"""

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.server.installation import start_services, within_this_process

ROUNDS: Final = 20
EVALUATIONS: Final = 5_000
LINES: Final = 100
KNOWN: Final = {"request_id": "0123456789abcdef0123456789abcdef-1234", "ip": "127.0.0.1"}

Parts = defaultdict[str, list[float]]


def main() -> None:
    """Print each part, where evaluations are recorded and where they are only counted."""
    start_services()
    with within_this_process(flags=100):
        recorded, counted = _measure()
        for part, rounds in recorded.items():
            with_it, without = min(rounds), min(counted[part])
            sys.stdout.write(
                f"{part:<34} {with_it:>6.2f} µs, only counted {without:>6.2f}, more {with_it - without:>6.2f}\n"
            )


def _measure() -> tuple[Parts, Parts]:
    from django.conf import settings

    from accounts.models import Environment
    from flags import recording
    from flags.services import make_partitions
    from flagsite.lib import ready_lines

    make_partitions()
    environment = Environment.objects.select_related("project").latest("revision")
    recording.start_anew()
    recording._recorder.writes = False  # flushed here, not by its thread
    ready_lines._gathered._wake.set()  # likewise
    ready_lines.request.set(KNOWN)
    found: dict[bool, Parts] = {True: defaultdict(list), False: defaultdict(list)}
    for number in range(2 * ROUNDS):
        settings.RECORD_EVALUATIONS = number % 2 == 0
        _round(environment, number, found[settings.RECORD_EVALUATIONS])
    for parts in found.values():
        parts["PostgreSQL"] = [sum(parts["PostgreSQL"]) / ROUNDS]  # its clock is a coarse one
    return found[True], found[False]


def _round(environment: Any, number: int, parts: Parts) -> None:
    from flags import evaluation, recording
    from flags.snapshots import snapshot_of
    from flagsite.lib import ready_lines

    answers = snapshot_of(environment).answers
    contexts = [{"id": f"user-{number}-{each}", "country": "US", "plan": "pro"} for each in range(EVALUATIONS)]
    asked = [(context, answers.one("flag-0042", context)) for context in contexts]
    spent: defaultdict[str, float] = defaultdict(float)
    for first in range(0, EVALUATIONS, LINES):
        with _timed(spent, "in the request, its line made"):
            for context, answer in asked[first : first + LINES]:
                evaluation.note(environment, context, answer)
        with _timed(spent, "its line written"):
            ready_lines.write_out()
    before = _postgresql()
    with _timed(spent, "its row, its count, who was seen"):
        recording.flush()
    spent["PostgreSQL"] = _postgresql() - before
    for part, seconds in spent.items():
        parts[part].append(seconds / EVALUATIONS * 1e6)


@contextmanager
def _timed(spent: defaultdict[str, float], part: str) -> Iterator[None]:
    began = time.thread_time()
    yield
    spent[part] += time.thread_time() - began


def _postgresql() -> float:
    """Return the CPU seconds of the database's process at the other end of our connection."""
    from django.db import connection

    connection.ensure_connection()
    status = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, status[11:13])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
