"""What can wait, and when it is done: reports every ``flush_interval`` or when a queue fills, and the file on disk.

One thread does it beside the updates, another one minds the turn of the minute. What is sent is not known here.
"""

import threading
import time
from collections.abc import Callable

from flagsite_sdk.bell import Bell
from flagsite_sdk.reports import Reports
from flagsite_sdk.settings import Settings

_MINUTE = 60.0
_NEVER = float("inf")


class _Flush:
    """Somebody who waits for everything to be sent."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.sent = False


class Chores:
    """The work of the reporting thread, when to send and to write the file; and of the one that gathers."""

    def __init__(
        self,
        settings: Settings,
        *,
        reports: Reports | None,
        save: Callable[[], None],
        stopping: threading.Event,
        bell: Bell,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._save = save
        self._stopping = stopping
        self._now = now
        self._clock = clock
        self._bell = bell
        self._flushes: list[_Flush] = []
        self._turn = threading.Lock()
        self._has_ended = False

    def wake(self) -> None:
        """Have a look now: the client is closing."""
        self._bell.ring()

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
        self._bell.ring()
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
            if self._reports is not None and (now >= send_at or self._flushes or self._reports.is_pressing):
                waiting = len(self._flushes)  # who comes while it is sent may have counted what is not in it
                self._answer(sent=self._reports.send(), most=waiting)
                send_at = self._clock() + self._settings.flush_interval
            self._bell.wait(max(0.0, min(send_at, save_at) - self._clock()))

    def mind_the_minutes(self) -> None:
        """Gather at each turn of the minute until the client closes; for a thread that has nothing else to do.

        A request may take its time, and what is counted meanwhile belongs into two minutes.
        """
        while not self._stopping.wait(_MINUTE - self._now() % _MINUTE):
            if self._reports is not None:
                self._reports.gather()

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
