"""Runs the peers side by side: each in a process of its own, taking turns, so that noise falls on all alike."""

import json
import select
import subprocess
import sys
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
        self._child = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, str(WORKER), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __call__(self, method: str, *arguments: Any) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps([method, *arguments]).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            raise PeerFailed("its process has ended") from None
        if not select.select([self._child.stdout], [], [], PATIENCE)[0]:
            self._child.kill()
            raise PeerFailed(f"no answer within {PATIENCE:.0f} s")
        line = self._child.stdout.readline()
        if not line:
            raise PeerFailed("its process has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer["answer"]

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Results:
    """What came of a run: `values[row][peer]`, and why a value is missing."""

    values: dict[str, dict[str, float]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    peers: dict[str, dict[str, str]] = field(default_factory=dict)
    offline: bool = True

    def keep(self, row: str, peer: str, value: float, better: Callable[[float, float], float] = min) -> None:
        known = self.values.setdefault(row, {})
        known[peer] = better(known[peer], value) if peer in known else value

    def miss(self, row: str, peer: str, reason: str) -> None:
        self.values.get(row, {}).pop(peer, None)
        self.missing.setdefault(row, {})[peer] = reason


def run(names: Iterable[str], *, rounds: int, seconds: float, say: Callable[[str], None]) -> Results:
    """Check every peer's answers, then measure all that gave the right ones."""
    results = Results()
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
                for row in (*DECISIONS, FIRST, THREADS):
                    results.miss(row.key, name, str(reason))
                continue
            _check(name, process, results)
        _measure(processes, results, rounds=rounds, seconds=seconds, say=say)
    finally:
        for process in processes.values():
            process.end()
    for name in processes:
        say(f"weighing {name}")
        _weigh(name, results)
    return results


def _check(name: str, process: Process, results: Results) -> None:
    for row in DECISIONS:
        try:
            missing = process("check", row.key).get("missing")
        except PeerFailed as reason:
            missing = str(reason)
        if missing:
            results.miss(row.key, name, missing)


def _measure(
    processes: dict[str, Process], results: Results, *, rounds: int, seconds: float, say: Callable[[str], None]
) -> None:
    turns = [
        *((row.key, "time", (row.key, seconds), min) for row in DECISIONS),
        (THREADS.key, "threads", ("one_rule", 4 * seconds), max),
    ]
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        for key, method, arguments, better in [*turns, (FIRST.key, "first", (turn + 1,), min)]:
            for name, process in processes.items():
                if name in results.missing.get(key, {}):
                    continue
                try:
                    results.keep(key, name, process(method, *arguments), better)
                except PeerFailed as reason:
                    results.miss(key, name, str(reason))


def _weigh(name: str, results: Results) -> None:
    process = Process(name)
    try:
        weight = process("memory")
    except PeerFailed as reason:
        results.miss(MEMORY.key, name, str(reason))
        results.miss(MEMORY_EVALUATED.key, name, str(reason))
    else:
        for row in (MEMORY, MEMORY_EVALUATED):
            results.keep(row.key, name, weight[row.key])
    finally:
        process.end()
