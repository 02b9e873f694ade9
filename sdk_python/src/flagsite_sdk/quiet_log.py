"""Says the same thing at most once a minute, and of a thousand things that differ no more for a minute.

A flag that is missing is asked for a thousand times a second; one line a minute tells as much as a thousand. A program
that makes up its keys asks for another one each time.
What is logged is a key and a code, never a context: attributes are private.
"""

import logging
import time
from collections.abc import Callable, Hashable

LOGGER = logging.getLogger("flagsite_sdk")

_SAID_AT_MOST = 1_000  # subjects remembered


class QuietLog:
    """A logger that remembers what it said lately. Takes no lock: at worst a line is said twice."""

    def __init__(self, *, every: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._said: dict[Hashable, float] = {}
        self._cleared_at = clock()

    def warn(self, subject: Hashable, message: str, *facts: object) -> None:
        """Log the message unless its subject, or too many others, were logged less than a minute ago."""
        now = self._clock()
        last = self._said.get(subject)
        if last is not None and now - last < self._every:
            return
        if last is None and len(self._said) >= _SAID_AT_MOST:
            if now - self._cleared_at < self._every:
                return
            self._said.clear()
            self._cleared_at = now
        self._said[subject] = now
        LOGGER.warning(message, *facts)
