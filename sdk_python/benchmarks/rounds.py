"""Runs the peers side by side: each in a process of its own, taking turns, so that noise falls on all alike."""

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rows import DECISIONS, FIRST, MEMORY, MEMORY_EVALUATED, THREADS

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 120.0  # seconds until a silent peer counts as hung


class PeerFailed(Exception):
    """The peer's process raised, died or hung; the message says which."""


class Process:
    """A peer's process, as a function call over lines of JSON."""

    def __init__(self, name: str) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._child = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, str(WORKER), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )

    def __call__(self, method: str, *arguments: Any) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps([method, *arguments]).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            raise PeerFailed(self._last_words()) from None
        if not select.select([self._child.stdout], [], [], PATIENCE)[0]:
            self._child.kill()
            raise PeerFailed(f"no answer within {PATIENCE:.0f} s")
        line = self._child.stdout.readline()
        if not line:
            raise PeerFailed(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer["answer"]

    def _last_words(self) -> str:
        self._child.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return f"its process has ended: {lines[-1] if lines else f'status {self._child.returncode}'}"

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._complaints):
            if pipe is not None:
                pipe.close()


@dataclass
class Results:
    """What came of a run: `values[row][peer]`, and why a value is missing."""

    values: dict[str, dict[str, float]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    peers: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Peers that failed where they should not have: without them, nobody knows who is the best of the others."""
    offline: bool = True
    load: tuple[float, float] = (0.0, 0.0)
    """How many processes wanted to run, before the rounds and after: the last minute's average."""

    @property
    def was_disturbed(self) -> bool:
        """Whether others wanted more processors than there are, so that two threads could not have one each."""
        return max(self.load) > (os.cpu_count() or 1)

    def keep(self, row: str, peer: str, value: float) -> None:
        """Keep the value if it is the least of the rounds so far."""
        known = self.values.setdefault(row, {})
        known[peer] = min(known.get(peer, value), value)

    def miss(self, row: str, peer: str, reason: str) -> None:
        """Note what a vendor's format cannot express."""
        self.missing.setdefault(row, {})[peer] = reason

    def fail(self, row: str, peer: str, reason: object) -> None:
        """Note what went wrong; whatever was measured of it before does not count."""
        self.values.get(row, {}).pop(peer, None)
        self.miss(row, peer, str(reason))
        self.broken.setdefault(peer, str(reason))


def run(names: Iterable[str], *, rounds: int, seconds: float, say: Callable[[str], None]) -> Results:
    """Check every peer's answers, then measure all that gave the right ones."""
    results = Results()
    before = os.getloadavg()[0]
    processes: dict[str, Process] = {}
    try:
        for name in names:
            say(f"checking the answers of {name}")
            processes[name] = process = Process(name)
            try:
                results.peers[name] = process("describe")
                results.offline &= process("offline")["offline"]
            except PeerFailed as reason:
                results.peers[name] = {"package": name, "version": "?", "remark": f"cannot be used: {reason}"}
                results.broken[name] = str(reason)
                process.end()
                del processes[name]
                continue
            _check(name, process, results)
        _measure(processes, results, rounds=rounds, seconds=seconds, say=say)
    finally:
        for process in processes.values():
            process.end()
    results.load = (before, os.getloadavg()[0])
    for name in processes:
        say(f"weighing {name}")
        _weigh(name, results)
    return results


def _check(name: str, process: Process, results: Results) -> None:
    for row in DECISIONS:
        try:
            answer = process("check", row.key)
        except PeerFailed as reason:
            results.fail(row.key, name, reason)
        else:
            if "wrong" in answer:
                results.fail(row.key, name, f"wrong answers: {answer['wrong']}")
            elif "missing" in answer:
                results.miss(row.key, name, answer["missing"])


def _measure(
    processes: dict[str, Process], results: Results, *, rounds: int, seconds: float, say: Callable[[str], None]
) -> None:
    for turn in range(1, rounds + 1):
        say(f"round {turn} of {rounds}")
        for row in (*DECISIONS, FIRST):
            arguments = ("first", turn) if row is FIRST else ("time", row.key, seconds)
            for name, process in processes.items():
                if name in results.missing.get(row.key, {}):
                    continue
                try:
                    results.keep(row.key, name, process(*arguments))
                except PeerFailed as reason:
                    results.fail(row.key, name, reason)
    say("two threads")
    for name, process in processes.items():
        try:
            turns = [process("threads", "one_rule", 4 * seconds) for _ in range(rounds)]
        except PeerFailed as reason:
            results.fail(THREADS.key, name, reason)
        else:
            results.keep(THREADS.key, name, statistics.median(turns))


def _weigh(name: str, results: Results) -> None:
    process = Process(name)
    try:
        weight = process("memory")
    except PeerFailed as reason:
        results.fail(MEMORY.key, name, reason)
        results.fail(MEMORY_EVALUATED.key, name, reason)
    else:
        for row in (MEMORY, MEMORY_EVALUATED):
            results.keep(row.key, name, weight[row.key])
    finally:
        process.end()
