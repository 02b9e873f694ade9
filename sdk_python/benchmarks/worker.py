"""One peer in a process of its own: checks its answers, then times what it is told to, over lines of JSON.

It cuts itself off from the network first, so that "offline" is a fact and not a promise of the SDK.
"""

import ctypes
import gc
import importlib
import json
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from peers import CannotExpress
from workloads import (
    Environment,
    contexts,
    environment_of,
    large_environment,
    mixed_environment,
    wrong_answers,
)

ALL_FLAGS = 1_000
LARGE = 10_000
CONTEXTS = contexts()
NEW_NETWORK = 0x40000000
NEW_USER = 0x10000000


def leave_the_network() -> bool:
    """Move this process into an empty network namespace; false where the system does not let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    unshare = getattr(libc, "unshare", None)
    return unshare is not None and (unshare(NEW_NETWORK) == 0 or unshare(NEW_USER | NEW_NETWORK) == 0)


class Worker:
    """The commands, one method each; what it returns goes back as JSON."""

    def __init__(self, name: str) -> None:
        self.peer = importlib.import_module(f"peers.{name}")
        self.reads_text = isinstance(self.peer.prepare(environment_of("plain")), str | bytes)
        self.singles: dict[str, Callable[[list[Any]], int]] = {}
        self.all: Callable[[list[Any]], int] | None = None

    def _download(self, environment: Environment) -> str | bytes:
        """Return the peer's configuration as its server would send it: JSON text."""
        source = self.peer.prepare(environment)
        return source if isinstance(source, str | bytes) else json.dumps(source)

    def _open(self, text: str | bytes) -> Any:
        """Return a client; reading the JSON is part of the work, whoever does it."""
        return self.peer.open_client(text if self.reads_text else json.loads(text))

    def describe(self) -> dict[str, Any]:
        package = self.peer.PACKAGE
        return {"package": package, "version": metadata.version(package), "remark": self.peer.REMARK}

    def check(self, workload: str) -> dict[str, Any]:
        """Prepare a workload and prove its answers: `{}`, `{"missing": what it lacks}` or `{"wrong": which}`."""
        try:
            wrong = self._check_all() if workload == "all_flags" else self._check_single(workload)
        except CannotExpress as reason:
            return {"missing": str(reason)}
        return {"wrong": wrong[0]} if wrong else {}

    def _check_single(self, workload: str) -> list[str]:
        environment = environment_of(workload)
        client = self._open(self._download(environment))
        call = self.peer.call(client, environment.flags[0])
        wrong = list(wrong_answers(environment.flags[0], environment, call.function()))
        if not wrong:
            self.singles[workload] = call.loop()
        return wrong

    def _check_all(self) -> list[str]:
        environment = mixed_environment(ALL_FLAGS)
        client = self._open(self._download(environment))
        call = self.peer.call_all(client, environment.flags)
        self.all = call.loop()
        decide = call.function()
        answers = {context["id"]: decide(context) for context in CONTEXTS[:50]}
        for flag in environment.flags[:8]:
            for context in CONTEXTS[:50]:
                one = self.peer.call(client, flag).function()(context)
                if answers[context["id"]].get(flag.key) != one:
                    return [f"all flags and one flag disagree about {flag.key} for {context['id']}"]
        return [] if len(answers[CONTEXTS[0]["id"]]) == ALL_FLAGS else ["not all flags are there"]

    def time(self, workload: str, seconds: float) -> float:
        """Return the nanoseconds of one decision (of all flags: of one user), over about so many seconds."""
        loop = self.all if workload == "all_flags" else self.singles[workload]
        assert loop is not None
        pace = loop(CONTEXTS[:2]) / 2
        wanted = max(2, int(seconds * 1e9 / max(pace, 1)))
        people = (CONTEXTS * (wanted // len(CONTEXTS) + 1))[:wanted]
        gc.collect()
        gc.disable()
        try:
            return loop(people) / wanted
        finally:
            gc.enable()

    def first(self, generation: int) -> float:
        """Return the nanoseconds from construction, with 1,000 new flags in memory, to the first answer."""
        environment = mixed_environment(ALL_FLAGS, generation)
        text = self._download(environment)
        person = dict(CONTEXTS[0])  # an SDK may clear what it was given when it is closed
        gc.collect()
        gc.disable()
        start = time.perf_counter_ns()
        client = self._open(text)
        answer = self.peer.call(client, environment.flags[1]).function()(person)
        taken = time.perf_counter_ns() - start
        gc.enable()
        if answer is not True:  # the first person is in the US, and the second flag asks for that
            raise AssertionError(f"the first answer is wrong: {answer!r}")
        self.peer.close(client)
        return taken

    def threads(self, workload: str, seconds: float) -> float:
        """Return how much two threads get done together, as a multiple of what one gets done alone."""
        loop = self.singles[workload]
        people = (CONTEXTS * 1000)[: max(100, int(seconds * 1e9 / (loop(CONTEXTS) / len(CONTEXTS))))]
        other = loop
        if not getattr(self.peer, "THREAD_SAFE", True):
            environment = environment_of(workload)
            client = self._open(self._download(environment))
            other = self.peer.call(client, environment.flags[0]).loop()
        alone = _elapsed([loop], people)
        return 2 * alone / _elapsed([loop, other], people)

    def memory(self) -> dict[str, float]:
        """Return the MiB that 10,000 flags of three rules add to the process: held, and after each was evaluated."""
        small = large_environment(1)
        call = self.peer.call(self._open(self._download(small)), small.flags[0])
        for wrong in wrong_answers(small.flags[0], small, call.function()):
            raise AssertionError(f"wrong answers: {wrong}")
        environment = large_environment(LARGE)
        before = _resident()
        client = self._open(self._download(environment))
        self.peer.call(client, environment.flags[0]).function()(CONTEXTS[0])
        held = _resident() - before
        for number, flag in enumerate(environment.flags):
            self.peer.call(client, flag).function()(CONTEXTS[number % len(CONTEXTS)])
        return {"held": held, "evaluated": _resident() - before}


def _elapsed(loops: list[Callable[[list[Any]], int]], people: list[Any]) -> int:
    """Return the nanoseconds from the first thread's start to the last one's end, a thread for each loop."""
    barrier = threading.Barrier(len(loops))
    spans: list[tuple[int, int]] = []

    def run(loop: Callable[[list[Any]], int]) -> None:
        barrier.wait()
        start = time.perf_counter_ns()  # by the thread itself: another one would wait for the interpreter first
        loop(people)
        spans.append((start, time.perf_counter_ns()))

    threads = [threading.Thread(target=run, args=(loop,)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts, ends = zip(*spans, strict=True)
    return max(ends) - min(starts)


def _resident() -> float:
    """Return the MiB that this process really occupies, after everything free was given back."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Answer commands `[method, arguments…]` on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever an SDK prints does not get between the answers
    offline = leave_the_network()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer = {"offline": offline} if method == "offline" else getattr(worker, method)(*arguments)
            print(json.dumps({"answer": answer}), file=answers)
        except Exception as error:  # noqa: BLE001 - one peer's failure is a dash in the table, not the end of the run
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
    answers.flush()
    os._exit(0)  # some SDKs wait for the network when they are asked to leave


if __name__ == "__main__":
    main()
