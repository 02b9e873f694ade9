"""How long to wait before trying again: exponential back-off with full jitter.

After a server restart every client of it reconnects at once; a wait drawn evenly from zero to a doubling
ceiling spreads them best and asks the server for the least work (M. Brooker, "Exponential Backoff And
Jitter", AWS Architecture Blog, 2015). Knows no clock and no socket; randomness is handed in.
"""

from collections.abc import Callable

_LARGEST_EXPONENT = 32  # a server may be away for days


class Backoff:
    """The waits of one series of failures, in seconds."""

    def __init__(self, *, base: float, cap: float, random: Callable[[], float]) -> None:
        self._base = base
        self._cap = cap
        self._random = random
        self._failures = 0

    def next(self, *, at_least: float = 0.0) -> float:
        """Return the next wait: ``at_least`` (a server's Retry-After) plus the jitter."""
        ceiling = min(self._cap, self._base * 2.0 ** min(self._failures, _LARGEST_EXPONENT))
        self._failures += 1
        return at_least + self._random() * ceiling

    def reset(self) -> None:
        """Begin again at the base: something worked."""
        self._failures = 0
