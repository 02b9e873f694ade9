"""Exact counts of what was served, without a lock where it is served.

Whoever serves an outcome calls `next(outcome.counter)` on an `itertools.count`. That is one call into C which
runs no Python code, so under the global interpreter lock no tick is lost or doubled between threads. This is
how CPython works rather than what the language promises; a free-threaded build makes no such promise in every
version, and Flagsite does not claim exact counts there.

A counter is never reset, since that would race with who counts. Reading it takes one tick itself, which it
remembers. A counter belongs to (flag, variation, reason) and outlives the compiled flag, so that a change of a
flag loses nothing.
"""

from contextlib import AbstractContextManager
from itertools import count
from typing import Any, NamedTuple

from flagsite_sdk.engine.result import Reason

MOST_ERRORS = 1_000
"""For how many keys without a flag errors are counted: callers may make up keys, memory must not follow."""

LONGEST_KEY = 128
"""Longer keys are no keys and not counted."""


class Count(NamedTuple):
    """How often a flag was served in one way since the last reading."""

    flag: str
    variation: str | None
    reason: Reason
    count: int  # type: ignore[assignment]  # hides tuple's method, which nobody asks of it


class Counter(count):  # type: ignore[type-arg]  # itertools.count cannot be subscripted when it runs
    """Counts one way in which a flag can end; ticking it is `itertools.count`'s own `next`."""

    __slots__ = ("reason", "taken", "variation")

    taken: int
    variation: str | None
    reason: Reason

    def take(self) -> int:
        """How many ticks there were since the last call."""
        ticks: int = next(self)
        new = ticks - self.taken
        self.taken = ticks + 1
        return new


class Counters:
    """The counters of one environment."""

    def __init__(self, lock: AbstractContextManager[Any]) -> None:
        """Count nothing yet; `lock` is the snapshot's own, so that who holds that one holds all of it still."""
        self._counters: dict[str, tuple[Counter, ...]] = {}
        self._without_flag = 0
        self._lock = lock

    def counter(self, flag: str, variation: str | None, reason: Reason) -> Counter:
        """The one counter of a way in which a flag can end."""
        with self._lock:
            counters = self._counters.get(flag, ())
            for found in counters:
                if found.variation == variation and found.reason is reason:
                    return found
            counter = Counter()
            counter.variation, counter.reason, counter.taken = variation, reason, 0
            self._counters[flag] = (*counters, counter)
            return counter

    def tick(self, flag: object, variation: str | None, reason: Reason) -> None:
        """Count once. Keys that have never been a flag are counted up to a bound."""
        if isinstance(flag, str) and self._has_room(flag):
            next(self.counter(flag, variation, reason))

    def _has_room(self, flag: str) -> bool:
        if flag in self._counters:
            return True
        if len(flag) > LONGEST_KEY:
            return False
        self._without_flag += 1
        return self._without_flag <= MOST_ERRORS

    def take(self) -> list[Count]:
        """What was counted since the last call; nothing is counted twice or left out."""
        with self._lock:
            taken = [
                Count(flag, counter.variation, counter.reason, counter.take())
                for flag, counters in self._counters.items()
                for counter in counters
            ]
        return [one for one in taken if one.count]
