"""How a client is doing: one immutable picture, and the board it hangs on.

The board knows nothing of sockets or flags; the threads that do write on it, anyone may read it without
waiting.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from flagsite_sdk.listeners import Listeners


class State(StrEnum):
    """Where news comes from at this moment. Reads are served in every state."""

    STARTING = "starting"  # nothing was heard of the server yet
    STREAMING = "streaming"  # changes arrive as they happen
    POLLING = "polling"  # the stream cannot be had or is not wanted; changes arrive with the next poll
    RECONNECTING = "reconnecting"  # nothing arrives: the last-known rules are served
    UNAUTHORIZED = "unauthorized"  # the server refuses the key: the last-known rules are served
    OFFLINE = "offline"  # by wish
    CLOSED = "closed"  # the last-known rules are served for ever


class Source(StrEnum):
    """Where the configuration held now came from."""

    NONE = "none"
    BOOTSTRAP = "bootstrap"
    DISK = "disk"
    STREAM = "stream"
    POLL = "poll"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a client is doing.

    Attributes:
        state: where news comes from.
        since: when this state began (epoch seconds).
        ready: a configuration is held; before, every read gives its default.
        revision: of that configuration; 0 before.
        source: where it came from.
        confirmed_at: when the server last sent anything (epoch seconds): up to then this was the truth.
        error: the last problem with the server, None when all is well.
        dropped_events: tracked events lost: the queue was full, or the server refused them.
        dropped_counts: evaluations that were never reported.
        dropped_records: evaluations that were counted but never recorded, though they should have been.
    """

    state: State
    since: float
    ready: bool = False
    revision: int = 0
    source: Source = Source.NONE
    confirmed_at: float | None = None
    error: str | None = None
    dropped_events: int = 0
    dropped_counts: int = 0
    dropped_records: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing is to be had from the server: it refuses the key, or it is not asked."""
        return self.state in {State.UNAUTHORIZED, State.OFFLINE, State.CLOSED}

    @property
    def is_settled(self) -> bool:
        """Whether waiting longer for the first news can make no difference."""
        if self.confirmed_at is not None or self.is_hopeless:
            return True
        return self.ready and self.state is not State.STARTING


class Board:
    """The current status; changes of state, readiness and error are told to the listeners."""

    def __init__(self, listeners: Listeners[Status], *, clock: Callable[[], float] = time.time) -> None:
        self._listeners = listeners
        self._clock = clock
        self._status = Status(state=State.STARTING, since=clock())
        self._changed = threading.Condition()

    @property
    def status(self) -> Status:
        """The picture of this moment."""
        return self._status

    def enter(self, state: State, *, error: str | None = None) -> None:
        """Change the state; nothing happens when it is the same with the same error."""
        with self._changed:
            before = self._status
            if before.state is State.CLOSED or (before.state is state and before.error == error):
                return
            since = before.since if before.state is state else self._clock()
            self._status = after = replace(before, state=state, since=since, error=error)
            self._changed.notify_all()
        self._listeners.tell(after)

    def hold(self, *, revision: int, source: Source) -> None:
        """Note that a configuration is held."""
        with self._changed:
            before = self._status
            self._status = after = replace(before, ready=True, revision=revision, source=source)
            self._changed.notify_all()
        if not before.ready:
            self._listeners.tell(after)

    def confirm(self) -> None:
        """Note that the server just said something."""
        with self._changed:
            self._status = replace(self._status, confirmed_at=self._clock())

    def wait(self, until: Callable[[Status], bool], timeout: float) -> bool:
        """Wait until the status satisfies the question, or the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: until(self._status), timeout)
