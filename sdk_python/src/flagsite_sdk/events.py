"""The queue of tracked events: bounded, never waited for, and private.

Of a context only its id gets in here; what is not here cannot be sent.
"""

import math
import time
from collections.abc import Callable
from typing import TypeGuard

import msgspec

from flagsite_sdk.queues import Queue
from flagsite_sdk.settings import LONGEST_ID

_LONGEST_NAME = 128
"""The server's limit. It refuses a batch whole, so what it would refuse must not get into one."""


class Event(msgspec.Struct, frozen=True):
    """Something that a context did, as the server takes it."""

    name: str
    context_id: str
    value: float | None
    time: str


class EventQueue(Queue[Event]):
    """Events waiting to be sent. Any thread adds; one takes."""

    def __init__(
        self, size: int, *, on_half_full: Callable[[], object] = lambda: None, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(size, on_half_full=on_half_full)
        self._clock = clock

    def add(self, name: object, context_id: object, value: object) -> str | None:
        """Queue an event; return what is wrong with it, or None. Never raises, never waits."""
        problem = problem_with(name, context_id, value)
        if problem is None:
            self.put(Event(name, context_id, _number(value), moment(self._clock())))  # type: ignore[arg-type]  # it is text
        return problem


def problem_with(name: object, context_id: object, value: object) -> str | None:
    """Return what is wrong with an event, or None."""
    if not is_text(name, _LONGEST_NAME) or not name:
        return f"an event's name must be text of 1 to {_LONGEST_NAME} characters"
    if not is_text(context_id, LONGEST_ID):
        return f"a context needs an id: text of at most {LONGEST_ID} characters"
    if value is not None and _number(value) is None:
        return "an event's value must be a finite number or None"
    return None


def is_text(value: object, longest: int) -> TypeGuard[str]:
    """Whether it is text that the server takes: not too long, UTF-8, no NUL (its database has no place for one)."""
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def moment(seconds: float) -> str:
    """Return a moment of the epoch as the server reads it, to the millisecond."""
    whole, milliseconds = divmod(round(seconds * 1_000), 1_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milliseconds:03d}Z"
