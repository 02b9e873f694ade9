"""Which updates were applied, and when, until they are reported: how the server learns how quick it is.

The moment is one of the monotonic clock and leaves the process only as an age, so nobody's clock has to be right.
"""

import threading
from collections import deque
from typing import NamedTuple

MOST_UPDATES = 100  # of a batch; the server's limit


class Update(NamedTuple):
    """A revision that was applied."""

    revision: int
    source: str  # "stream" or "poll"
    at: float  # on the monotonic clock


class Applied:
    """The updates not yet reported, the newest of them when there are too many. Safe to share between threads."""

    def __init__(self) -> None:
        self._updates: deque[Update] = deque(maxlen=MOST_UPDATES)
        self._lock = threading.Lock()

    def note(self, update: Update) -> None:
        """Add one."""
        with self._lock:
            self._updates.append(update)

    def take(self) -> list[Update]:
        """Return and forget them."""
        with self._lock:
            taken = list(self._updates)
            self._updates.clear()
            return taken
