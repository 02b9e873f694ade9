"""The client's life: what it is made of, when its threads run, how it goes through forks and ends.

The reads are in ``reads``, the threads' work in ``background``; this file decides only who lives when.
"""

import atexit
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, Unpack

from flagsite_sdk.asleep import Asleep
from flagsite_sdk.background import Background
from flagsite_sdk.bell import Bell
from flagsite_sdk.bootstrap import read_bootstrap
from flagsite_sdk.configuration import Change, Configuration, Context, Table
from flagsite_sdk.counts import ErrorCounts
from flagsite_sdk.disk import SnapshotFile
from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.snapshot import Snapshot
from flagsite_sdk.errors import UnusableBootstrap
from flagsite_sdk.events import EventQueue
from flagsite_sdk.forks import watch_forks
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.losses import NOTHING
from flagsite_sdk.measurements import Measurement
from flagsite_sdk.quiet_log import LOGGER, QuietLog
from flagsite_sdk.reads import Reads
from flagsite_sdk.recordings import Recordings
from flagsite_sdk.settings import Keywords, Settings
from flagsite_sdk.status import Board, Source, State, Status


class FlagClient(Reads):
    """Decides flags from memory and keeps that memory fresh.

    Args:
        url: where Flagsite is, ``https://flags.example.com``.
        api_key: a server key (``fs_srv_…``) of the environment.
        **settings: see ``Settings`` for each one, its default and its unit.

    Raises:
        InvalidSettings: a setting cannot be used. Nothing else raises, the server's absence least of all.

    One client per process is enough; it is safe to share between threads and to carry over ``os.fork``.
    """

    def __init__(self, url: str, api_key: str = "", **settings: Unpack[Keywords]) -> None:
        self._settings = Settings(url=url, api_key=api_key, **settings)
        self._configuration = Configuration()
        self._status_listeners: Listeners[Status] = Listeners()
        self._change_listeners: Listeners[Change] = Listeners()
        self._measurement_listeners: Listeners[Measurement] = Listeners()
        self._log = QuietLog()
        self._file = SnapshotFile.of(self._settings)
        self._closed = False
        self._background: Background | None
        self._graves: list[Background] = []
        self._begin()
        self._load()
        watch_forks(self)
        _unclosed.add(self)
        if not self._settings.lazy:
            self.start()
            self._board.wait(lambda status: status.is_settled, self._settings.start_timeout)

    # reports

    def track(self, name: str, context: Context, value: float | None = None) -> None:
        """Queue an event for the server: its name, the context's id and a number; never an attribute."""
        try:
            problem = self._take_event(name, context["id"], value)
        except Exception as failure:  # noqa: BLE001 - tracking never raises
            problem = f"a context needs an id ({type(failure).__name__})"
        if problem is not None:
            self._log.warn(("track", problem), "An event was not tracked: %s", problem)

    def flush(self, timeout: float = 5.0) -> bool:
        """Send counts and events now and wait for it, for so many seconds; return whether all were sent."""
        background = self._background
        return background is not None and not self._closed and background.flush(timeout)

    # state and news

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    def status(self) -> Status:
        """Return how the client is doing at this moment."""
        reports = self._background.reports if self._background is not None else None
        lost = reports.dropped if reports is not None else NOTHING
        return replace(
            self._board.status,
            dropped_events=self._events.dropped + lost.events,
            dropped_counts=self._errors.uncounted + lost.counts,
            dropped_records=self._recordings.dropped + lost.records,
        )

    def wait_until_ready(self, timeout: float = 5.0) -> bool:
        """Wait until a configuration is held or cannot come, at most so many seconds; return whether one is."""
        self._wake()
        self._board.wait(lambda status: status.ready or status.is_hopeless, timeout)
        return self._board.status.ready

    def on_status(self, listener: Callable[[Status], object]) -> Callable[[], None]:
        """Call a listener with every new state or error, and when a configuration is first held.

        Returns:
            A function that removes the listener.
        """
        return self._status_listeners.add(listener)

    def on_change(self, listener: Callable[[Change], object], *flag_keys: str) -> Callable[[], None]:
        """Call a listener, in a background thread, with every change of the configuration.

        Args:
            listener: should be quick; what it raises is logged.
            *flag_keys: call it only when one of these flags may decide differently now.

        Returns:
            A function that removes the listener.
        """
        wanted = frozenset(flag_keys)

        def call(change: Change) -> None:
            if not wanted or wanted & change.flags:
                listener(change)

        leaving = ExitStack()
        leaving.callback(self._change_listeners.add(call))
        leaving.callback(self._configuration.watch(wanted))
        return leaving.close

    def on_measurement(self, listener: Callable[[Measurement], object]) -> Callable[[], None]:
        """Call a listener, in a background thread, with the client's own metrics.

        Evaluations are told when they are gathered for a report, so with ``report=False`` they are not. Returns a
        function that removes the listener.
        """
        return self._measurement_listeners.add(listener)

    # life

    def start(self) -> None:
        """Start the threads in this process, unless they run. Never raises, never waits.

        The first read does the same: this is for those who do not want to wait for it (in a pre-fork server's
        ``post_fork``, or after ``lazy=True``).
        """
        with self._starting:
            if self._closed or self._background is not None:
                return
            if self._settings.offline:
                self._board.enter(State.OFFLINE)
            else:
                self._background = background = self._make_background()
                try:
                    background.start()
                except RuntimeError as problem:  # the interpreter is ending, or the system has no thread left
                    LOGGER.warning("Flagsite's threads cannot be started: %s", problem)
                    self._board.enter(State.RECONNECTING, error=str(problem))
            self._use_table()

    def close(self) -> None:
        """Report a last time and end the threads, within ``close_timeout``. Reads go on with what is held."""
        with self._starting:
            if self._closed:
                return
            self._closed = True
            background = self._background
            self._use_table()
        _unclosed.discard(self)
        if background is not None:
            background.stop(self._settings.close_timeout)
        self._board.enter(State.CLOSED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # forks

    def before_fork(self) -> None:
        """Let nobody be in the middle of a change while the process is copied. Called by ``forks``."""
        self._configuration.freeze()

    def after_fork_in_parent(self) -> None:
        """Go on. Called by ``forks``."""
        self._configuration.thaw()

    def after_fork_in_child(self) -> None:
        """Keep configuration and listeners; let go of what belongs to the parent. Called by ``forks``."""
        held = self._board.status
        self._configuration.thaw()
        self._configuration.take_counts()  # the parent reports those
        if self._background is not None:
            self._background.abandon()
            self._graves.append(self._background)  # never collected: its locks and sockets are the parent's
        self._begin()
        if held.ready:
            self._board.hold(revision=held.revision, source=held.source)

    # inside

    def _begin(self) -> None:
        """Make what belongs to one process."""
        self._starting = threading.RLock()
        self._board = Board(self._status_listeners)
        self._errors = ErrorCounts()
        self._bell = Bell()
        self._events = EventQueue(self._settings.event_queue_size, on_half_full=self._bell.ring)
        self._recordings = Recordings(self._settings, on_half_full=self._bell.ring)
        self._background = None
        self._table: Table = Asleep(self._woken)
        if self._closed:
            self._use_table()

    def _load(self) -> None:
        """Hold what can be had without the server: the cached configuration, else the bootstrap."""
        bootstrap = self._settings.bootstrap
        if bootstrap is not None:
            try:
                self._configuration.replace(read_bootstrap(bootstrap), source=Source.BOOTSTRAP)
            except Malformed as problem:
                raise UnusableBootstrap(f"the bootstrap is not a snapshot: {problem}") from None
        if self._file is not None and (cached := self._file.load()) is not None:
            try:
                self._configuration.replace(cached, source=Source.DISK)
            except Malformed as problem:
                LOGGER.warning("The cached configuration is not usable: %s", problem)
        if self._configuration.is_held:
            self._board.hold(revision=self._configuration.revision, source=self._configuration.source)

    def _make_background(self) -> Background:
        return Background(
            self._settings,
            self._configuration,
            self._board,
            file=self._file,
            events=self._events,
            recordings=self._recordings,
            bell=self._bell,
            errors=self._errors,
            on_change=self._change_listeners.tell,
            measurements=self._measurement_listeners,
        )

    def _take_event(self, name: str, context_id: Any, value: float | None) -> str | None:
        """Queue an event, if events are reported; return what is wrong with it."""
        if not self._reports:
            return None
        self._wake()
        return self._events.add(name, context_id, value)

    @property
    def _reports(self) -> bool:
        return self._settings.report and not self._settings.offline and not self._closed

    def _use_table(self) -> None:
        self._table = self._recordings.table(self._configuration) if self._reports else self._configuration.table

    def _lay_over(self, overlay: Snapshot) -> Callable[[], None]:
        """Let a test's snapshot decide its flags; return what undoes it."""
        self._wake()
        lift = self._configuration.lay_over(overlay)
        self._use_table()

        def undo() -> None:
            lift()
            self._use_table()

        return undo

    def _woken(self) -> Table:
        self._wake()
        self._use_table()
        return self._table

    def _wake(self) -> None:
        if isinstance(self._table, Asleep):
            self.start()


_unclosed: "weakref.WeakSet[FlagClient]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Send what programs that forgot to close have counted."""
    for client in list(_unclosed):
        client.close()
