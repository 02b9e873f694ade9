"""The threads of one client in one process, and what they share.

Made when a client starts and thrown away with the process or at ``close()``; after a fork the child makes its
own. All are daemon threads: a program that forgets to close can still end.
"""

import threading
import time
import uuid
from collections.abc import Callable

from flagsite_sdk.applied import Applied
from flagsite_sdk.bell import Bell
from flagsite_sdk.chores import Chores
from flagsite_sdk.configuration import Change, Configuration
from flagsite_sdk.counts import ErrorCounts
from flagsite_sdk.disk import SnapshotFile
from flagsite_sdk.events import EventQueue
from flagsite_sdk.gathering import gather
from flagsite_sdk.http_client import HttpClient
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.measurements import Measurement
from flagsite_sdk.quiet_log import LOGGER
from flagsite_sdk.recordings import Recordings
from flagsite_sdk.reports import Reports
from flagsite_sdk.settings import Settings
from flagsite_sdk.status import Board, Source, State
from flagsite_sdk.stream import Stream
from flagsite_sdk.tracing import tracing_of
from flagsite_sdk.updates import Updates


class Background:
    """What runs beside the program."""

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        board: Board,
        *,
        file: SnapshotFile | None,
        events: EventQueue,
        recordings: Recordings,
        bell: Bell,
        errors: ErrorCounts,
        on_change: Callable[[Change], None],
        measurements: Listeners[Measurement],
    ) -> None:
        self._settings = settings
        self._configuration = configuration
        self._file = file
        self._saved: int | None = configuration.revision if configuration.source is Source.DISK else None
        self._board = board
        self._stopping = threading.Event()
        tracing = tracing_of(enabled=settings.tracing)
        instance = str(uuid.uuid4())
        self._http = HttpClient(settings, tracing, instance=instance)
        self._stream = Stream(settings, instance=instance)
        applied = Applied()
        updates = Updates(
            settings,
            configuration,
            board,
            stream=self._stream,
            http=self._http,
            on_change=on_change,
            on_applied=applied.note,
            measurements=measurements,
            stopping=self._stopping,
            tracing=tracing,
        )
        self.reports = (
            Reports(
                settings,
                take_counts=lambda: gather(configuration, errors),
                uncounted=lambda: errors.uncounted,
                take_updates=applied.take,
                events=events,
                records=recordings,
                http=self._http,
                instance=instance,
                measurements=measurements,
                revision=lambda: configuration.holding,
            )
            if settings.report
            else None
        )
        self._chores = Chores(settings, reports=self.reports, save=self._save, stopping=self._stopping, bell=bell)
        self._updating = threading.Thread(target=self._guarded(updates.run), name="flagsite-updates", daemon=True)
        self._reporting = threading.Thread(target=self._report, name="flagsite-reports", daemon=True)
        minding = self._guarded(self._chores.mind_the_minutes)
        self._minding = threading.Thread(target=minding, name="flagsite-minutes", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        self._updating.start()
        self._reporting.start()
        if self.reports is not None:
            self._minding.start()

    def stop(self, timeout: float) -> None:
        """End the threads, of which one reports a last time, and save; done within the timeout, finished or not."""
        deadline = time.monotonic() + timeout
        self._stopping.set()
        self._stream.interrupt()
        self._chores.wake()
        if self._reporting.ident is None:  # no thread was to be had
            self._finish()
        for thread in (self._reporting, self._minding, self._updating):
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._save()
        if threading.current_thread() is not self._reporting:  # else a listener closes, and the last report is to come
            self._http.close()

    def flush(self, timeout: float) -> bool:
        """Have everything sent now and wait for it; return whether it was."""
        if self.reports is None or not self._reporting.is_alive():
            return False
        return self._reporting is not threading.current_thread() and self._chores.flush(timeout)

    def abandon(self) -> None:
        """In the child of a fork: the threads are gone; let go of the parent's sockets, touch no lock."""
        self._stream.abandon()

    def _save(self) -> None:
        configuration = self._configuration
        if self._file is None or configuration.holding in {None, self._saved}:
            return
        with configuration.lock:
            revision, document = configuration.revision, configuration.to_json()
        if self._file.save(document):
            self._saved = revision

    def _report(self) -> None:
        self._guarded(self._chores.run)()
        self._finish()

    def _finish(self) -> None:
        try:
            self._chores.finish()
        except Exception:  # noqa: BLE001 - a program's end is no place to raise
            LOGGER.exception("Flagsite's last report failed")
        self._http.close()

    def _guarded(self, run: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            # the last line of defence: without it a mistake of ours would end the updates in silence
            while not self._stopping.is_set():
                try:
                    run()
                except Exception as problem:  # noqa: BLE001 - whatever it is
                    LOGGER.exception("Flagsite's background work failed and starts again")
                    self._board.enter(State.RECONNECTING, error=f"{type(problem).__name__}: {problem}")
                    self._stopping.wait(self._settings.backoff_cap)

        return guarded
