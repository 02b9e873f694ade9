"""The queue of tracked events: bounded, never waited for, and private.

Of a context only its id gets in here; what is not here cannot be sent.
"""

import itertools
import math
import time
from collections import deque
from collections.abc import Callable

import msgspec

from flagsite_sdk.counts import reading

_LONGEST_NAME = 256
_LONGEST_ID = 1_024


class Event(msgspec.Struct, frozen=True):
    """Something that a context did, as the server takes it."""

    name: str
    context_id: str
    value: float | int | None
    time: str


class EventQueue:
    """Events waiting to be sent. Any thread adds; one takes."""

    def __init__(self, size: int, *, clock: Callable[[], float] = time.time) -> None:
        self._size = size
        self._clock = clock
        self._events: deque[Event] = deque()
        self._dropped: itertools.count[int] = itertools.count()

    def __len__(self) -> int:
        return len(self._events)

    @property
    def dropped(self) -> int:
        """Events that found the queue full."""
        return reading(self._dropped)

    def add(self, name: object, context_id: object, value: object) -> str | None:
        """Queue an event; return what is wrong with it, or None. Never raises, never waits."""
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
            return f"an event's name must be text of 1 to {_LONGEST_NAME} characters"
        if not isinstance(context_id, str) or len(context_id) > _LONGEST_ID:
            return f"a context needs an id: text of at most {_LONGEST_ID} characters"
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            return "an event's value must be a number or None"
        if isinstance(value, float) and not math.isfinite(value):
            return "an event's value must be finite"
        if len(self._events) >= self._size:
            next(self._dropped)
            return None
        self._events.append(Event(name, context_id, value, _moment(self._clock())))
        return None

    def take(self, most: int) -> list[Event]:
        """Remove and return the oldest events, at most so many."""
        taken: list[Event] = []
        while self._events and len(taken) < most:
            taken.append(self._events.popleft())
        return taken


def _moment(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1_000), 1_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milliseconds:03d}Z"
