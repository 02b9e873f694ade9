"""Part of `make bench`: what counting costs an evaluation, and what recording it costs where a program asks for that.

One flag decided by the same compiled function: without counting, counted (what every read does), and recorded as well.
The three take turns, and the best of the rounds counts. Exit status 1 when counting costs more than its budget.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from typing import Any

from flagsite_sdk import FlagClient
from flagsite_sdk.recordings import Recordings
from flagsite_sdk.settings import Settings
from peers import NOWHERE
from peers.flagsite import prepare
from workloads import contexts, environment_of

BUDGET = 60.0
"""Nanoseconds."""

KEY = environment_of("one_rule").flags[0].key
PEOPLE = contexts()
Decide = Callable[[dict[str, Any]], Any]


def main() -> int:
    """Measure, print, and say whether the budget is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()

    settings = Settings(url=NOWHERE, offline=True, record_evaluations=1, record_queue_size=len(PEOPLE))
    with FlagClient(NOWHERE, bootstrap=prepare(environment_of("one_rule")), offline=True) as client:
        held = client._configuration  # noqa: SLF001 - to leave the counting out, the reads have to be gone round
        recordings = Recordings(settings)
        plain, recording = held.table, recordings.table(held)
        loops = {"uncounted": lambda: _uncounted(plain), "counted": lambda: _counted(plain)}
        loops["recorded"] = lambda: _counted(recording)
        best = dict.fromkeys(loops, float("inf"))
        for _ in range(options.rounds):
            for name, loop in loops.items():
                best[name] = min(best[name], loop())
                recordings.take(len(PEOPLE))

    counting, recorded = best["counted"] - best["uncounted"], best["recorded"] - best["counted"]
    print(f"An evaluation takes {best['uncounted']:.0f} ns uncounted and {best['counted']:.0f} ns counted.")
    print(
        f"Counting costs {counting:.0f} ns (budget {BUDGET:.0f} ns), recording where asked for {recorded:.0f} ns more."
    )
    return 0 if counting <= BUDGET else 1


def _uncounted(table: Any) -> float:
    gc.disable()
    start = time.perf_counter_ns()
    for context in PEOPLE:
        outcome = table[KEY](context)
        _ = outcome.value
    taken = time.perf_counter_ns() - start
    gc.enable()
    return taken / len(PEOPLE)


def _counted(table: Any) -> float:
    gc.disable()
    start = time.perf_counter_ns()
    for context in PEOPLE:
        outcome = table[KEY](context)
        next(outcome.counter)
        _ = outcome.value
    taken = time.perf_counter_ns() - start
    gc.enable()
    return taken / len(PEOPLE)


if __name__ == "__main__":
    sys.exit(main())
