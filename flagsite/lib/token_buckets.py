"""Token buckets: how often each of many names may do something. Pure but for a lock; time is handed in.

A bucket holds `burst` tokens, wins `per_second` of them back, and whoever takes one from an empty bucket is told when
there will be one. It is kept as one number, the moment at which the bucket will be full again: the "virtual
scheduling" form of the generic cell rate algorithm (ITU-T I.371, annex A), which is a token bucket without a timer.

Memory is bounded: of more names than there is room for, the one that was asked about longest ago is forgotten. It
finds a full bucket when it comes back, so whoever has many names to come by has many buckets; that is for the caller to
think of when it names them.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

MAX_NAMES: Final = 10_000
"""Names that are remembered, unless said otherwise: about two megabytes."""
_ROUNDING: Final = 1e-6
"""Seconds that are no wait: sums of intervals such as a tenth of a second are not exact."""


class TokenBuckets:
    """A bucket for each name, all of the same size. Thread-safe; one process's own."""

    def __init__(self, *, per_second: float, burst: float, most_names: int = MAX_NAMES) -> None:
        """Make buckets that start full.

        Args:
            per_second: tokens that a bucket wins back in a second, more than 0.
            burst: tokens that a full bucket holds, at least 1.
            most_names: how many names are remembered.
        """
        self._interval = 1.0 / per_second
        self._burst = burst
        self._most_names = most_names
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: Hashable, now: float, *, tokens: float = 1.0) -> float:
        """Take tokens and return 0.0, or take none and return the seconds until there are so many.

        Args:
            name: whose bucket.
            now: seconds of a clock that does not go back.
            tokens: how many; never more than a full bucket holds, which there would never be.
        """
        with self._lock:
            full_at = max(self._full_at.get(name, now), now)
            wait = self._wait(full_at, now, tokens)
            self._full_at[name] = full_at if wait else full_at + tokens * self._interval
            self._full_at.move_to_end(name)
            if len(self._full_at) > self._most_names:
                self._full_at.popitem(last=False)
        return wait

    def wait(self, name: Hashable, now: float) -> float:
        """Return what `take` would, taking nothing."""
        with self._lock:
            return self._wait(self._full_at.get(name, now), now, 1.0)

    def _wait(self, full_at: float, now: float, tokens: float) -> float:
        seconds = full_at - now - (self._burst - tokens) * self._interval
        return seconds if seconds > _ROUNDING else 0.0

    def __len__(self) -> int:
        return len(self._full_at)
