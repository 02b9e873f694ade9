"""Keeps the configuration fresh: decides when to stream, when to poll, and how long to wait in between.

One thread runs this for as long as the client lives. What is held goes on being served whatever happens here;
nothing here ever raises into the caller's code.
"""

import threading
import time
from collections.abc import Callable
from random import SystemRandom
from typing import Protocol as Shape

from flagsite_sdk.applied import Update
from flagsite_sdk.backoff import Backoff
from flagsite_sdk.configuration import Change, Configuration
from flagsite_sdk.engine.errors import Gap, Malformed
from flagsite_sdk.errors import ServerProblem, Unauthorized, Unreadable
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.measurements import REVISION, STREAM_ENDINGS, UPDATES, Measurement
from flagsite_sdk.protocol import Decision, Protocol, Verdict
from flagsite_sdk.quiet_log import QuietLog
from flagsite_sdk.settings import Settings
from flagsite_sdk.status import Board, Source, State
from flagsite_sdk.stream import Cause, Ending
from flagsite_sdk.tracing import NoTracing, Tracing

_NEVER = float("inf")
_CHANCE = SystemRandom()  # takes nothing from numbers that the caller has seeded, and differs in forked processes
_RESYNCS_BEFORE_WHOLE = 2  # gaps without progress, after which everything is asked for


class Streams(Shape):
    """What is needed of ``stream.Stream``."""

    def follow(self, *, since: int, on_frame: Callable[[str | bytes], bool]) -> Ending: ...  # noqa: D102


class Fetches(Shape):
    """What is needed of ``http_client.HttpClient``."""

    def fetch(self, *, since: int | None) -> bytes | None: ...  # noqa: D102


class Updates:
    """The work of the updating thread."""

    def __init__(
        self,
        settings: Settings,
        configuration: Configuration,
        board: Board,
        *,
        stream: Streams,
        http: Fetches,
        on_change: Callable[[Change], None],
        on_applied: Callable[[Update], object] = lambda _: None,
        measurements: Listeners[Measurement] | None = None,
        stopping: threading.Event,
        tracing: Tracing | None = None,
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self._settings = settings
        self._configuration = configuration
        self._board = board
        self._stream = stream
        self._http = http
        self._on_change = on_change
        self._on_applied = on_applied
        self._measurements: Listeners[Measurement] = Listeners() if measurements is None else measurements
        self._was_current = False  # since the start; what brings us there is no update
        self._stopping = stopping
        self._tracing = tracing or NoTracing()
        self._wait = wait or stopping.wait
        self._clock = clock
        self._jitter = jitter
        self._protocol = Protocol(max_message_bytes=settings.max_message_bytes)
        self._stream_backoff = Backoff(base=settings.backoff_base, cap=settings.backoff_cap, random=jitter)
        self._poll_backoff = Backoff(base=settings.backoff_base, cap=settings.poll_interval, random=jitter)
        self._log = QuietLog(clock=clock)
        self._failures = 0  # streams in a row that brought nothing
        self._resyncs = 0  # gaps in a row that were not closed
        self._started_over: str | None = None  # why the reader itself left the stream
        self._first_frame_at: float | None = None

    def run(self) -> None:
        """Follow the server until the client closes."""
        stream_at = self._clock() if self._settings.stream else _NEVER
        poll_at = self._clock()
        while not self._stopping.is_set():
            if self._clock() >= stream_at:
                ending = self._follow()
                if self._stopping.is_set():
                    return
                stream_at = self._clock() + self._pause_after(ending)
            if not self._polling:
                poll_at = self._clock()  # the first poll does not wait
                self._sleep(stream_at)
                continue
            if self._clock() >= poll_at:
                poll_at = self._clock() + self._poll()
            self._sleep(min(stream_at, poll_at))

    @property
    def _polling(self) -> bool:
        return not self._settings.stream or self._failures >= self._settings.stream_failures_before_polling

    def _sleep(self, until: float) -> None:
        if (seconds := until - self._clock()) > 0:
            self._wait(seconds)

    # the stream

    def _follow(self) -> Ending:
        self._first_frame_at = self._started_over = None
        return self._stream.follow(since=self._wanted_since(), on_frame=self._receive)

    def _wanted_since(self) -> int:
        return 0 if self._resyncs >= _RESYNCS_BEFORE_WHOLE else self._configuration.holding or 0

    def _receive(self, frame: str | bytes) -> bool:
        try:
            decision = self._protocol.receive(frame, holding=self._configuration.holding)
            self._carry_out(decision, Source.STREAM)
        except Unreadable as problem:
            self._started_over = str(problem)
            self._resyncs += 1
        except (Gap, Malformed) as problem:
            self._started_over = f"a message could not be applied: {problem}"
            self._resyncs = _RESYNCS_BEFORE_WHOLE
        if self._started_over is not None:
            return False
        if self._first_frame_at is None:
            self._first_frame_at = self._clock()
            self._failures = self._resyncs = 0
        self._was_current = True
        self._board.confirm()
        self._board.enter(State.STREAMING)
        return True

    def _pause_after(self, ending: Ending) -> float:
        if self._first_frame_at is None:
            self._failures += 1
        elif self._clock() - self._first_frame_at >= self._settings.backoff_cap:
            self._stream_backoff.reset()  # it lived; one that dies young must not be asked for in a hurry
        self._tell(STREAM_ENDINGS, 1, cause=ending.cause.value)
        error = self._started_over or ending.detail
        self._log.warn(ending.cause, "Flagsite's stream ended (%s); %s", error, self._consequence)
        if ending.cause is Cause.UNAUTHORIZED:
            self._failures = 0
            self._board.enter(State.UNAUTHORIZED, error=error)
            return self._slowly()
        if ending.cause is Cause.REFUSED:  # by a proxy, perhaps, that knows no WebSockets: poll at once
            self._failures = max(self._failures, self._settings.stream_failures_before_polling)
        if not self._polling or self._board.status.state is not State.POLLING:
            self._board.enter(State.RECONNECTING, error=error)
        overload = self._settings.backoff_base if ending.cause is Cause.OVERLOADED else 0.0
        spread = ending.retry_within * self._jitter()
        return self._stream_backoff.next(at_least=max(overload, ending.retry_after or 0.0, spread))

    def _slowly(self) -> float:
        return self._settings.unauthorized_retry * (0.5 + self._jitter())

    # polling

    def _poll(self) -> float:
        """Ask once; return the seconds until the next time."""
        try:
            self._take(self._http.fetch(since=self._poll_since()))
        except Unauthorized as problem:
            self._board.enter(State.UNAUTHORIZED, error=str(problem))
            return self._slowly()
        except (ServerProblem, Gap, Malformed) as problem:
            if self._stopping.is_set():
                return _NEVER  # the client is closing, and with it its connections
            if not isinstance(problem, ServerProblem) or isinstance(problem, Unreadable):
                self._resyncs += 1
            self._log.warn("poll", "Flagsite cannot be polled (%s); %s", problem, self._consequence)
            self._board.enter(State.RECONNECTING, error=str(problem))
            return self._poll_backoff.next(at_least=getattr(problem, "retry_after", None) or 0.0)
        self._was_current = True
        self._poll_backoff.reset()
        self._board.confirm()
        self._board.enter(State.POLLING)
        return self._settings.poll_interval * (0.9 + 0.2 * self._jitter())

    def _poll_since(self) -> int | None:
        return None if self._resyncs else self._configuration.holding

    def _take(self, document: bytes | None) -> None:
        if document is None:
            return
        decision = self._protocol.receive_document(document, holding=self._configuration.holding)
        if decision.verdict in {Verdict.GAP, Verdict.RESTART}:
            raise Unreadable("the answer does not follow what is held")
        self._carry_out(decision, Source.POLL)
        self._resyncs = 0

    # both

    def _carry_out(self, decision: Decision, source: Source) -> None:
        match decision.verdict:
            case Verdict.REPLACE | Verdict.APPLY:
                change = self._apply(decision, source)
            case Verdict.GAP:
                self._resyncs += 1
                self._started_over = f"changes were missed: the server is at revision {decision.revision}"
                return
            case Verdict.RESTART:
                self._resyncs = _RESYNCS_BEFORE_WHOLE
                self._started_over = f"the server went back to revision {decision.revision}"
                return
            case Verdict.FRESH:
                return
        revision = self._configuration.revision
        if self._was_current and revision:
            self._on_applied(Update(revision, source.value, self._clock()))
        self._board.hold(revision=revision, source=source)
        self._tell(UPDATES, 1, source=source.value)
        self._tell(REVISION, revision)
        self._on_change(change)

    @property
    def _consequence(self) -> str:
        return f"{'the last-known rules' if self._configuration.is_held else 'defaults'} are served"

    def _tell(self, name: str, number: int, **attributes: str) -> None:
        if self._measurements:
            self._measurements.tell(Measurement(name, number, attributes))

    def _apply(self, decision: Decision, source: Source) -> Change:
        """Change what is held; the end of the change's trace."""
        whole = decision.verdict is Verdict.REPLACE
        change = self._configuration.replace if whole else self._configuration.apply
        with self._tracing.applying(decision.trace, source) as applied:
            changed = change(decision.document, source=source)
            applied(changed.revision)
        return changed
