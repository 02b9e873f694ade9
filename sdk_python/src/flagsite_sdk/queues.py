"""A queue between those who must not wait and the one who sends: bounded; what finds it full is counted.

Knows nothing of what is in it. Any thread puts, one takes; there is no lock.
"""

import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from flagsite_sdk.counts import reading

_T = TypeVar("_T")


class Queue(Generic[_T]):
    """Entries that wait, the oldest first.

    Args:
        size: how many may wait.
        on_half_full: called by whoever fills half of it, once until something is taken; must not wait.
    """

    def __init__(self, size: int, *, on_half_full: Callable[[], object] = lambda: None) -> None:
        self._size = size
        self._on_half_full = on_half_full
        self._has_told = False
        self._entries: deque[_T] = deque()
        self._dropped: itertools.count[int] = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether the next one finds no room."""
        return len(self._entries) >= self._size

    @property
    def is_half_full(self) -> bool:
        """Whether it is time to send, lest what comes finds no room."""
        return 2 * len(self._entries) >= self._size

    @property
    def dropped(self) -> int:
        """How many were dropped."""
        return reading(self._dropped)

    def drop(self) -> None:
        """Count one that does not get in."""
        next(self._dropped)

    def put(self, entry: _T) -> None:
        """Add an entry, or drop it."""
        if self.is_full:
            self.drop()
            return
        self._entries.append(entry)
        if self.is_half_full and not self._has_told:
            self._has_told = True
            self._on_half_full()

    def take(self, most: int) -> list[_T]:
        """Remove and return the oldest, at most so many."""
        taken: list[_T] = []
        while self._entries and len(taken) < most:
            taken.append(self._entries.popleft())
        self._has_told = False
        return taken
