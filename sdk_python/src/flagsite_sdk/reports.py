"""Tells the server what was decided and tracked.

A flush sends what waits when it begins, in as few requests as the server's limits allow, and ends: what comes while it
is under way is for the next one, however much it is. What cannot be sent waits, sealed, under the number it will be
sent with. Counts can be gathered at any time, also while a request is under way, so that each has its minute. When to
gather and to send is not decided here.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Shape

from flagsite_sdk.applied import Update
from flagsite_sdk.batches import MOST_ENTRIES, Batch, Ledger
from flagsite_sdk.counts import Counted
from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized
from flagsite_sdk.events import moment
from flagsite_sdk.gathering import told
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.losses import Losses, Lost
from flagsite_sdk.measurements import DROPPED, REPORTS, Measurement
from flagsite_sdk.quiet_log import QuietLog
from flagsite_sdk.settings import Settings

_WORTH_SENDING_AGAIN = frozenset({408, 425, 429})  # and every 5xx


class Delivers(Shape):
    """What is needed of ``http_client.HttpClient``."""

    def report(self, body: bytes, *, timeout: float | None = None) -> None: ...  # noqa: D102


class Waiting(Shape):
    """What is needed of a queue."""

    @property
    def is_half_full(self) -> bool: ...  # noqa: D102

    @property
    def dropped(self) -> int: ...  # noqa: D102

    def __len__(self) -> int: ...

    def take(self, most: int) -> Sequence[Any]: ...  # noqa: D102


@dataclass
class _Left:
    """How much is still to be sent of what waited when a flush began."""

    counts: int
    events: int
    records: int
    is_first: bool = True

    def __bool__(self) -> bool:
        return self.is_first or max(self.counts, self.events, self.records) > 0

    def less(self, batch: Batch | None) -> None:
        self.is_first = False
        if batch is not None:
            self.counts -= batch.counts
            self.events -= batch.events
            self.records -= batch.records


class Reports:
    """The counts, events and records of one process, on their way to the server."""

    def __init__(
        self,
        settings: Settings,
        *,
        take_counts: Callable[[], Iterable[Counted]],
        take_updates: Callable[[], Iterable[Update]] = tuple,
        uncounted: Callable[[], int] = lambda: 0,
        events: Waiting,
        records: Waiting,
        http: Delivers,
        instance: str,
        measurements: Listeners[Measurement] | None = None,
        revision: Callable[[], int | None] = lambda: None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._take_counts = take_counts
        self._take_updates = take_updates
        self._uncounted = uncounted
        self._revision = revision
        self._measurements: Listeners[Measurement] = Listeners() if measurements is None else measurements
        self._events = events
        self._records = records
        self._http = http
        self._now = now
        self._clock = clock
        self._ledger = Ledger(instance=instance)
        self._gathered_at = now()
        self._sealed: Batch | None = None
        self._not_before = float("-inf")
        self._log = QuietLog(clock=clock)
        self._sending = threading.Lock()  # the thread and a last flush by close() do not meet inside
        self._counting = threading.Lock()  # over the ledger; nobody who holds it waits for anything
        self._losses = Losses(self._lost_before)

    @property
    def dropped(self) -> Lost:
        """What was lost here: with refused reports, and of counts that found no room."""
        return self._losses.refused.plus(Lost(counts=self._ledger.dropped))

    @property
    def is_pressing(self) -> bool:
        """Whether to send before it is time: a queue is half full, and the server takes what it is sent."""
        is_taken = self._sealed is None and self._clock() >= self._not_before
        return is_taken and (self._events.is_half_full or self._records.is_half_full)

    def gather(self) -> None:
        """Take the counts of the engine into the minute in which they began. Waits for no request.

        Called at each turn of the minute, which is over then: what is gathered is of the one before.
        """
        with self._counting:
            now = self._now()
            began, self._gathered_at = min(self._gathered_at, now), now
            minute = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(began))
            gathered = list(self._take_counts())
            for counted in gathered:
                self._ledger.count(counted, minute=minute)
        self._tell_losses()
        if self._measurements:  # not under the lock: a listener may do anything
            for counted in gathered:
                self._measurements.tell(told(counted))

    def send(self, *, timeout: float | None = None, urgent: bool = False) -> bool:
        """Send what waits now; return whether all of it was sent.

        Args:
            timeout: seconds for all of it; None grants each request its own ``request_timeout``.
            urgent: send even though the server asked to wait: there is no later.
        """
        deadline = None if timeout is None else self._clock() + timeout
        if not self._sending.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            return False
        try:
            self.gather()
            if not urgent and self._clock() < self._not_before:
                return False
            left = self._waiting()
            while self._next(left) is not None:
                seconds = None if deadline is None else deadline - self._clock()
                if seconds is not None and seconds <= 0:
                    return False
                if not self._deliver(seconds):
                    return False
            return True
        finally:
            self._sending.release()

    def _waiting(self) -> _Left:
        with self._counting:
            held = self._ledger.held
        return _Left(held.counts, held.events + len(self._events), held.records + len(self._records))

    def _next(self, left: _Left) -> Batch | None:
        if self._sealed is None and left:
            if not left.is_first:
                self.gather()
            with self._counting:
                ledger = self._ledger
                # what did not fit into the last one goes first: only what waits in the queues is bounded by their sizes
                ledger.add(self._events.take(min(left.events, MOST_ENTRIES) - ledger.held.events))
                ledger.add_records(self._records.take(min(left.records, MOST_ENTRIES) - ledger.held.records))
                ledger.add_updates(self._take_updates())
                self._sealed = ledger.seal(revision=self._revision(), lost=self._losses.for_server())
            left.less(self._sealed)
        return self._sealed

    def _deliver(self, left: float | None) -> bool:
        batch = self._sealed
        assert batch is not None  # noqa: S101 - _next made sure
        timeout = None if left is None else min(left, self._settings.request_timeout)
        try:
            self._http.report(batch.sent_at(self._clock(), at=moment(self._now())), timeout=timeout)
        except Refused as problem:
            if problem.status not in _WORTH_SENDING_AGAIN and problem.status < 500:  # noqa: PLR2004 - 5xx
                self._sealed = None  # it would be refused for ever and block what comes behind it
                with self._counting:
                    self._losses.refuse(Lost(batch.evaluations, batch.events, batch.records), told=batch.lost)
                self._tell(REPORTS, 1, outcome="refused")
                self._tell_losses()
                self._log.warn("refused", "A report was refused and is given up: %s", problem)
                return True
            self._not_before = self._clock() + (problem.retry_after or 0.0)
            self._tell(REPORTS, 1, outcome="waiting")
            self._log.warn("later", "A report could not be sent and waits: %s", problem)
            return False
        except Unauthorized as problem:
            self._not_before = self._clock() + self._settings.unauthorized_retry
            self._tell(REPORTS, 1, outcome="waiting")
            self._log.warn("key", "A report could not be sent and waits: %s", problem)
            return False
        except ServerProblem as problem:
            self._tell(REPORTS, 1, outcome="waiting")
            self._log.warn("later", "A report could not be sent and waits: %s", problem)
            return False
        self._sealed = None
        self._tell(REPORTS, 1, outcome="sent")
        return True

    def _lost_before(self) -> Lost:
        return Lost(self._uncounted() + self._ledger.dropped, self._events.dropped, self._records.dropped)

    def _tell_losses(self) -> None:
        with self._counting:
            news = self._losses.for_listeners()
        self._tell(DROPPED, news.counts, what="evaluations")
        self._tell(DROPPED, news.events, what="events")
        self._tell(DROPPED, news.records, what="records")

    def _tell(self, name: str, number: int, **attributes: str) -> None:
        if number and self._measurements:
            self._measurements.tell(Measurement(name, number, attributes))
