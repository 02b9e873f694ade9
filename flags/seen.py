"""Notes who is evaluated, on the side: an evaluation leaves the context in a buffer, a thread writes the buffer down.

An evaluation never waits for the database and never fails because of this. The buffer is bounded: what finds no room
is dropped and counted. Entry points that serve requests call `start_writing`; everywhere else (commands, tests) nothing
is written until `flush` is called. What is waiting when the process ends in an orderly way is written then.
"""

import os
import threading
from collections.abc import Mapping
from datetime import datetime
from multiprocessing.util import Finalize
from typing import Any, Final

import structlog
from django.db import connection

from accounts.models import Environment
from flags.contexts import is_kept
from flags.limits import MAX_WAITING_CONTEXTS
from flags.services import note_contexts
from flagsite.lib import clock

log = structlog.get_logger(__name__)

FLUSH_SECONDS: Final = 5.0
"""How long a context waits at most to be written; half a buffer of them wait less."""
REPEAT_SECONDS: Final = 60.0
"""For how long the same context is not noted again: of who comes every second, one note a minute is enough."""
_REMEMBERED: Final = 10 * MAX_WAITING_CONTEXTS

_Key = tuple[int, str]
_Waiting = dict[_Key, tuple[Mapping[str, Any], datetime]]


class Notes:
    """What one process has seen and not written yet; safe to share between threads."""

    def __init__(self, *, writes: bool = False) -> None:
        self.writes = writes
        """Whether a thread may be started that writes."""
        self.dropped = 0
        """How many contexts found no room, or could not be written."""
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._waiting: _Waiting = {}
        self._noted: set[_Key] = set()
        self._noted_since = 0.0

    def note(self, environment: Environment, context: Mapping[str, Any]) -> None:
        """Leave a context to be written, unless it was left a moment ago."""
        key = environment.pk, context["id"]
        now = clock.now()
        with self._lock:
            if now.timestamp() - self._noted_since > REPEAT_SECONDS or len(self._noted) > _REMEMBERED:
                self._noted.clear()
                self._noted_since = now.timestamp()
            if key in self._noted:
                return
            if len(self._waiting) >= MAX_WAITING_CONTEXTS:
                self.dropped += 1
                return
            self._noted.add(key)
            self._waiting[key] = context, now
            is_half_full = 2 * len(self._waiting) >= MAX_WAITING_CONTEXTS
            if self.writes and self._thread is None:
                self._start()
        if is_half_full:
            self._wake.set()

    def flush(self) -> None:
        """Write what is waiting; what cannot be written is dropped, counted and logged."""
        with self._flushing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            if waiting:
                lost = len(waiting) - _written(waiting)
                with self._lock:
                    self.dropped += lost
        if waiting and self.dropped:
            log.warning("contexts_not_noted", dropped_so_far=self.dropped)

    def stop(self) -> None:
        """End the thread and write what is left."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(FLUSH_SECONDS)
        self.flush()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="flags-seen", daemon=True)
        self._thread.start()
        # runs at the end of the process, also of one that multiprocessing has started and that runs no `atexit`
        Finalize(None, self.stop, exitpriority=10)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            self.flush()
            connection.close()  # back to the pool: seconds pass until it is needed again


_notes = Notes()


def note(environment: Environment, context: Mapping[str, Any]) -> None:
    """Note that flags were decided for the context; one that cannot be kept is passed over."""
    if is_kept(context.get("id")):
        _notes.note(environment, context)


def start_writing() -> None:
    """Let this process write what it notes, in a thread of its own that the first note starts."""
    _notes.writes = True


def stop_writing() -> None:
    """Write what is waiting, and end the thread: the process is about to stop."""
    _notes.stop()


def flush() -> None:
    """Write what is waiting now."""
    _notes.flush()


def dropped() -> int:
    """Return how many contexts this process has dropped."""
    return _notes.dropped


def start_anew() -> None:
    """Forget what is waiting: for the child of a fork, which has no thread and whose parent writes; and for tests."""
    global _notes  # noqa: PLW0603 - it belongs to the process
    _notes = Notes(writes=_notes.writes)


def _written(waiting: _Waiting) -> int:
    """Write contexts, environment by environment; return of how many nothing was lost."""
    by_environment: dict[int, dict[str, tuple[Mapping[str, Any], datetime]]] = {}
    for (environment_id, context_id), seen in waiting.items():
        by_environment.setdefault(environment_id, {})[context_id] = seen
    written = 0
    try:
        rows = Environment.objects.select_related("project").in_bulk(list(by_environment))
        for environment_id, some in by_environment.items():
            if environment_id in rows:  # else it is gone, and nobody misses them
                note_contexts(rows[environment_id], some)
            written += len(some)
    except Exception:  # whatever it is, the next ones are to be written
        log.warning("contexts_cannot_be_written", exc_info=True)
    return written


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=start_anew)
