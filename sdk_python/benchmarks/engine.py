"""Measures the engine alone: `python sdk_python/benchmarks/engine.py`.

Each evaluation is made as the SDK makes it: a method of a client looks the flag up, decides, counts exactly and
returns the value, from a plain dict. Times are the best of several rounds; memory is counted by tracemalloc
(what Python allocates) in a process of its own, next to the growth of the resident set.
"""

import gc
import json
import subprocess
import sys
import threading
import time
import timeit
import tracemalloc
from pathlib import Path
from typing import Any

import engine_workloads as workloads
from flagsite_sdk.engine import Snapshot


class Client:
    """The SDK's hot path, and nothing else."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.snapshot = Snapshot(clock=time.time)
        self.snapshot.replace(json.dumps(document).encode())
        self._table = self.snapshot.table

    def evaluate(self, flag_key: str, context: dict[str, Any], default: Any = None) -> Any:
        """The value, or the default."""
        try:
            outcome = self._table[flag_key](context)
            next(outcome.counter)
            return outcome.value  # noqa: TRY300  # the measured form
        except Exception:  # noqa: BLE001
            return default


def best(function: Any, number: int, rounds: int = 7) -> float:
    """Seconds for one call, in the best round."""
    return min(timeit.repeat(function, number=number, repeat=rounds)) / number


def one_flag(workload: workloads.Workload) -> None:
    """One workload, for each of its contexts."""
    client = Client(workloads.snapshot(workload.flags, workload.segments))
    for context, value in workload.expected:
        if client.evaluate(workload.flag, context) is not value:
            sys.exit(f"{workload.name}: {client.snapshot.detail(workload.flag, context)} is not {value}")
    worst = 0.0
    for context, _ in workload.expected:
        names = {"evaluate": client.evaluate, "key": workload.flag, "context": context}
        timer = timeit.Timer("evaluate(key, context)", globals=names)
        worst = max(worst, min(timer.repeat(9, 100_000)) / 100_000)
    line(workload.name, worst * 1e6, workload.budget, "µs")


def all_flags() -> None:
    """All flags for one user: the values as the engine decides them, and whole evaluations."""
    client = Client(workloads.snapshot(workloads.mixed(1_000)))
    client.snapshot.evaluate_all(workloads.ALICE)
    seconds = best(lambda: client.snapshot.evaluate_all(workloads.ALICE), 20)
    line("all 1,000 flags for one user", seconds * 1e3, 0.3, "ms")


def first_evaluation() -> None:
    """Construction with 1,000 flags in memory, and the first answer."""
    document = json.dumps(workloads.snapshot(workloads.mixed(1_000))).encode()

    def start() -> None:
        snapshot = Snapshot(clock=time.time)
        snapshot.replace(document)
        snapshot.table["flag-00003"](workloads.ALICE)

    line("first evaluation with 1,000 flags", best(start, 5) * 1e3, 3, "ms")


def threads() -> None:
    """Two threads with as much to do as one has twice."""
    client = Client(workloads.snapshot(workloads.mixed(10)))

    def work(rounds: int) -> None:
        for _ in range(rounds):
            client.evaluate("flag-00003", workloads.ALICE)

    def both() -> float:
        started = time.perf_counter()
        running = [threading.Thread(target=work, args=(200_000,)) for _ in range(2)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return time.perf_counter() - started

    alone = best(lambda: work(400_000), 1, 3)
    together = min(both() for _ in range(3))
    line("two threads, speed against one", alone / together, 1, "x")


def line(name: str, measured: float, budget: float, unit: str) -> None:
    """A row of the table."""
    print(f"{name:<40} {measured:8.3f} {unit:<4} budget {budget:g} {unit}")


def memory(count: int) -> None:
    """What 10,000 flags take, after loading and after each has been evaluated."""
    document = json.dumps(workloads.snapshot(workloads.three_rules(count)), separators=(",", ":")).encode()
    print(f"{'document':<40} {len(document) / 2**20:8.3f} MiB")
    gc.collect()
    resident = rss()
    tracemalloc.start()
    snapshot = Snapshot(clock=time.time)
    snapshot.replace(bytes(bytearray(document)))  # a copy, so that what the snapshot keeps is counted
    del document
    gc.collect()
    line("10,000 flags with 3 rules, loaded", tracemalloc.get_traced_memory()[0] / 2**20, 16, "MiB")
    for key in snapshot.keys():  # noqa: SIM118  # not a mapping
        next(snapshot.table[key](workloads.ALICE).counter)
    gc.collect()
    line("and each evaluated once", tracemalloc.get_traced_memory()[0] / 2**20, 16, "MiB")
    tracemalloc.stop()
    print(f"{'resident, with what tracemalloc keeps':<40} {rss() - resident:8.3f} MiB")


def rss() -> float:
    """The resident set in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        memory(10_000)
    else:
        for each in workloads.WORKLOADS:
            one_flag(each)
        all_flags()
        first_evaluation()
        threads()
        subprocess.run([sys.executable, __file__, "memory"], check=True)  # noqa: S603  # this very file
