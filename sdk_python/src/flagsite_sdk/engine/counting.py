"""Exact counts of what was served, without a lock where it is served.

Whoever serves an outcome calls `next(outcome.counter)` on an `itertools.count`. That is one call into C which
runs no Python code, so under the global interpreter lock no tick is lost or doubled between threads. This is
how CPython works rather than what the language promises; a free-threaded build makes no such promise, and
Flagsite does not claim exact counts there.

A counter is never reset, since that would race with who counts. Reading it takes one tick itself, which the
reader remembers. A counter belongs to (flag, variation, reason) and outlives the compiled flag, so that a
change of a flag loses nothing.
"""

from collections.abc import Iterator
from itertools import count
from threading import Lock
from typing import NamedTuple

from flagsite_sdk.engine.result import Reason

MOST_ERRORS = 1_000
"""For how many keys errors are counted: callers may make up keys, and memory must not follow."""

LONGEST_KEY = 128


class Count(NamedTuple):
    """How often a flag was served in one way since the last reading."""

    flag: str
    variation: str | None
    reason: Reason
    count: int


class Counters:
    """The counters of one environment."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str | None, Reason], Iterator[int]] = {}
        self._ticks: dict[tuple[str, str | None, Reason], int] = {}
        self._unknown = 0
        self._lock = Lock()

    def counter(self, flag: str, variation: str | None, reason: Reason) -> Iterator[int]:
        """The one counter of a way in which a flag can end."""
        # setdefault is atomic: two threads that make the same counter get the same one
        key = (flag, variation, reason)
        return self._counters.get(key) or self._counters.setdefault(key, count())

    def tick(self, flag: object, variation: str | None, reason: Reason) -> None:
        """Count once. Errors of keys that are no text, or one too many, are not counted."""
        if variation is None and not self._has_room(flag):
            return
        next(self.counter(str(flag), variation, reason))

    def _has_room(self, flag: object) -> bool:
        if not isinstance(flag, str) or len(flag) > LONGEST_KEY:
            return False
        if (flag, None, Reason.ERROR) in self._counters:
            return True
        self._unknown += 1
        return self._unknown <= MOST_ERRORS

    def take(self) -> list[Count]:
        """What was counted since the last call; nothing is counted twice or left out."""
        with self._lock:
            taken = []
            for key, counter in list(self._counters.items()):
                before = self._ticks.get(key, 0)
                ticks = next(counter)
                if ticks > before:
                    taken.append(Count(*key, ticks - before))
                self._ticks[key] = ticks + 1
            return taken
