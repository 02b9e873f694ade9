"""Counts the evaluations that ended in an error; those that did not are counted by the engine.

Exact and without a lock: ``next()`` on an ``itertools.count`` is one step of the interpreter. A program can
ask for any number of keys, and the server takes none that cannot be a key, so both are bounded here and the
rest is only totalled.
"""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
_MOST_KEYS = 1_000


class Counted(NamedTuple):
    """How often a flag came out alike since the last time; ``error_code`` says why it did not come out."""

    flag: str
    variation: str | None
    reason: str
    number: int
    error_code: str | None = None


def reading(counter: "itertools.count[int]") -> int:
    """Return how often ``next`` was called on a counter that began at zero."""
    return int(repr(counter)[6:-1])  # "count(7)"; pickling, which also tells it, is gone in Python 3.14


def is_key(flag_key: object) -> TypeGuard[str]:
    """Whether the server would take it for a flag's key."""
    return isinstance(flag_key, str) and _KEY.fullmatch(flag_key) is not None


class ErrorCounts:
    """How often each flag's evaluation failed, and of what."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str], itertools.count[int]] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._elsewhere: itertools.count[int] = itertools.count()

    def add(self, flag_key: object, code: str) -> None:
        """Count one failed evaluation of a flag."""
        next(self._counter(flag_key, code))

    def take(self) -> Iterator[tuple[str, str, int]]:
        """Yield (flag key, code, failures since the last call); for one thread only."""
        for key, counter in list(self._counters.items()):
            total = reading(counter)
            if new := total - self._taken.get(key, 0):
                self._taken[key] = total
                yield *key, new

    @property
    def uncounted(self) -> int:
        """Failures whose key the server would not take, or that were one key too many."""
        return reading(self._elsewhere)

    def _counter(self, flag_key: object, code: str) -> "itertools.count[int]":
        if not isinstance(flag_key, str):
            return self._elsewhere
        counter = self._counters.get((flag_key, code))
        if counter is not None:
            return counter
        if len(self._counters) >= _MOST_KEYS or not is_key(flag_key):
            return self._elsewhere
        return self._counters.setdefault((flag_key, code), itertools.count())
