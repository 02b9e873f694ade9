"""Tells the server what was decided and tracked, and keeps the configuration on disk: what can wait.

One thread runs this beside the updates. Counts are gathered at least once a minute, so that each has its
minute, and sent every ``flush_interval``. What cannot be sent waits, sealed, under the number it will be sent
with.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol as Shape

from flagsite_sdk.applied import Update
from flagsite_sdk.batches import Batch, Ledger
from flagsite_sdk.counts import Counted
from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized
from flagsite_sdk.events import EventQueue
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.measurements import DROPPED, REPORTS, Measurement
from flagsite_sdk.quiet_log import QuietLog
from flagsite_sdk.recordings import Recorded
from flagsite_sdk.settings import Settings

_MINUTE = 60.0
_NEVER = float("inf")
_EVENTS_AT_ONCE = 1_000
_RECORDS_AT_ONCE = 2_000
_WORTH_SENDING_AGAIN = frozenset({408, 425, 429})  # and every 5xx


class Delivers(Shape):
    """What is needed of ``http_client.HttpClient``."""

    def report(self, body: bytes, *, timeout: float | None = None) -> None: ...  # noqa: D102


class Reports:
    """The counts and events of one process, on their way to the server."""

    def __init__(
        self,
        settings: Settings,
        *,
        take_counts: Callable[[], Iterable[Counted]],
        take_records: Callable[[int], Iterable[Recorded]] = lambda most: (),  # noqa: ARG005 - there are none
        take_updates: Callable[[], Iterable[Update]] = tuple,
        events: EventQueue,
        http: Delivers,
        instance: str,
        measurements: Listeners[Measurement] | None = None,
        revision: Callable[[], int | None] = lambda: None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._take_counts = take_counts
        self._take_records = take_records
        self._take_updates = take_updates
        self._revision = revision
        self._measurements: Listeners[Measurement] = Listeners() if measurements is None else measurements
        self._events = events
        self._http = http
        self._now = now
        self._clock = clock
        self._ledger = Ledger(instance=instance)
        self._sealed: Batch | None = None
        self._not_before = float("-inf")
        self._log = QuietLog(clock=clock)
        self._working = threading.Lock()  # the thread and a last flush by close() do not meet inside
        self.dropped_events = 0
        self.dropped_evaluations = 0
        self.dropped_records = 0

    @property
    def dropped_counts(self) -> int:
        """Evaluations that will never be reported."""
        return self.dropped_evaluations + self._ledger.dropped

    def gather(self) -> None:
        """Take the counts of the engine into this minute."""
        with self._working:
            self._gather()

    def send(self, *, timeout: float | None = None, urgent: bool = False) -> bool:
        """Send what there is; return whether nothing is left.

        Args:
            timeout: seconds for all of it; None grants each request its own ``request_timeout``.
            urgent: send even though the server asked to wait: there is no later.
        """
        deadline = None if timeout is None else self._clock() + timeout
        if not self._working.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            return False
        try:
            self._gather()
            if not urgent and self._clock() < self._not_before:
                return False
            while self._next() is not None:
                left = None if deadline is None else deadline - self._clock()
                if left is not None and left <= 0:
                    return False
                if not self._deliver(left):
                    return False
            return True
        finally:
            self._working.release()

    def _gather(self) -> None:
        minute = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(self._now()))
        for counted in self._take_counts():
            self._ledger.count(counted, minute=minute)

    def _next(self) -> Batch | None:
        if self._sealed is None:
            # what did not fit into the last one goes first: only what waits in the queues is bounded by their sizes
            self._ledger.add(self._events.take(_EVENTS_AT_ONCE - self._ledger.events))
            self._ledger.add_records(self._take_records(_RECORDS_AT_ONCE - self._ledger.records))
            self._ledger.add_updates(self._take_updates())
            self._sealed = self._ledger.seal(revision=self._revision())
        return self._sealed

    def _deliver(self, left: float | None) -> bool:
        batch = self._sealed
        assert batch is not None  # noqa: S101 - _next made sure
        timeout = None if left is None else min(left, self._settings.request_timeout)
        try:
            self._http.report(batch.sent_at(self._clock()), timeout=timeout)
        except Refused as problem:
            if problem.status not in _WORTH_SENDING_AGAIN and problem.status < 500:  # noqa: PLR2004 - 5xx
                self._sealed = None  # it would be refused for ever and block what comes behind it
                self.dropped_evaluations += batch.evaluations
                self.dropped_events += batch.events
                self.dropped_records += batch.records
                self._tell(REPORTS, 1, outcome="refused")
                self._tell(DROPPED, batch.evaluations, what="evaluations")
                self._tell(DROPPED, batch.events, what="events")
                self._tell(DROPPED, batch.records, what="records")
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

    def _tell(self, name: str, number: int, **attributes: str) -> None:
        if number and self._measurements:
            self._measurements.tell(Measurement(name, number, attributes))


class _Flush:
    """Somebody who waits for everything to be sent."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.sent = False


class Chores:
    """The work of the reporting thread: when to gather, to send, and to write the file."""

    def __init__(
        self,
        settings: Settings,
        *,
        reports: Reports | None,
        save: Callable[[], None],
        stopping: threading.Event,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._save = save
        self._stopping = stopping
        self._now = now
        self._clock = clock
        self._asked = threading.Event()
        self._flushes: list[_Flush] = []
        self._turn = threading.Lock()
        self._has_ended = False

    def wake(self) -> None:
        """Have a look now: the client is closing."""
        self._asked.set()

    def flush(self, timeout: float) -> bool:
        """Have everything sent now; return whether it was, within so many seconds.

        The thread of the chores sends: no request can be held to a time by who makes it, a name may take its time to be
        looked up, and an answer to come.
        """
        flush = _Flush()
        with self._turn:
            if self._has_ended:
                return False
            self._flushes.append(flush)
        self._asked.set()
        return flush.done.wait(timeout) and flush.sent

    def run(self) -> None:
        """Do the chores until the client closes."""
        send_at = self._clock() + self._settings.flush_interval
        save_at = self._clock() if self._settings.cache_path is not None else _NEVER
        while not self._stopping.is_set():
            now = self._clock()
            if now >= save_at:
                self._save()
                save_at = now + self._settings.cache_interval
            if self._reports is not None:
                self._reports.gather()
                if now >= send_at or self._flushes:
                    waiting = len(self._flushes)  # who comes while it is sent may have counted what is not in it
                    self._answer(sent=self._reports.send(), most=waiting)
                    send_at = self._clock() + self._settings.flush_interval
            to_next_minute = _MINUTE - self._now() % _MINUTE
            self._asked.wait(max(0.0, min(send_at, save_at, now + to_next_minute) - self._clock()))
            self._asked.clear()

    def finish(self) -> None:
        """Report a last time."""
        try:
            if self._reports is not None:
                self._reports.send(timeout=self._settings.close_timeout, urgent=True)
        finally:
            with self._turn:
                self._has_ended = True
            self._answer(sent=False)

    def _answer(self, *, sent: bool, most: int | None = None) -> None:
        with self._turn:
            waiting = self._flushes[:most]
            del self._flushes[:most]
        for flush in waiting:
            flush.sent = sent
            flush.done.set()
