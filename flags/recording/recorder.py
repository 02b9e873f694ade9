"""Writes what was noted, on the side: a thread takes the buffer every few seconds and hands it to the services.

An evaluation never waits for the database and never fails because of this. While the database is away what was noted
waits for it, within the buffer's bounds. What waits when the process ends in an orderly way is written then.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing.util import Finalize
from typing import Final

import structlog
from django.db import InterfaceError, InternalError, OperationalError, connection
from flagsite_sdk.engine.result import Reason

from accounts.models import Environment
from flags import metrics
from flags.answers import Tally
from flags.limits import MAX_NOTED_CONTEXTS, MAX_WAITING_EVALUATIONS
from flags.recording.buffer import Buffer, Drop, Noted, Waiting
from flags.recording.pollers import Pollers
from flags.services import note_contexts, record_evaluations
from flags.services.records import Record
from flags.usage.reports import Count, Sdk
from flagsite.lib import ready_lines

log = structlog.get_logger(__name__)

FLUSH_SECONDS: Final = 2.0
"""How long an evaluation waits at most to be written; half a buffer of them wait less."""
REPEAT_SECONDS: Final = 60.0
"""For how long the same context is not kept again: of who comes every second, one note a minute is enough."""
_REMEMBERED: Final = MAX_WAITING_EVALUATIONS
AWAY: Final = (OperationalError, InterfaceError, InternalError)
"""What the database's absence looks like; the last is a database that may only be read, as after a failover."""
SHARE: Final = 1 / 8
"""Of the time of one processor, what writing may take while requests are being answered. Where more is decided than can
be written in it, the buffer fills, and what finds no room is dropped and counted."""


class Recorder:
    """What one process has to record, and the thread that writes it."""

    def __init__(self, *, writes: bool = False) -> None:
        self.writes = writes
        """Whether a thread may be started that writes."""
        self.buffer = Buffer()
        self.pollers = Pollers()
        self._starting = threading.Lock()
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: set[tuple[int, str]] = set()
        self._seen_since = 0.0

    def note(self, noted: Noted, tallies: Sequence[Tally]) -> None:
        """Leave what was decided to be written."""
        is_half_full = self.buffer.put(noted, tallies)
        self._be_started()
        if is_half_full:
            self._wake.set()

    def note_poll(self, environment_id: int, sdk: Sdk) -> None:
        """Leave who polled to be written."""
        self.pollers.note(environment_id, sdk)
        self._be_started()

    def flush(self) -> bool:
        """Write what is waiting; return whether nothing had to be given back."""
        with self._flushing:
            waiting = self.buffer.take()
            if not waiting:
                return True
            before = self.buffer.dropped.total()
            all_written = self._write(waiting)
            if self.buffer.dropped.total() > before:
                log.warning("evaluations_not_recorded", dropped_so_far=dict(self.buffer.dropped))
            return all_written

    def stop(self) -> None:
        """End the thread and write what is left; what cannot be written now never will be."""
        ready_lines.write_out()
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(FLUSH_SECONDS)
        if not self.flush():
            lost = self.buffer.take().evaluations
            self.buffer.drop(Drop.UNWRITTEN, lost)
            log.error("evaluations_lost", number=lost)

    def _be_started(self) -> None:
        if self.writes and self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="flags-recording", daemon=True)
            self._thread.start()
        # runs at the end of the process, also of one that multiprocessing has started and that runs no `atexit`
        Finalize(None, self.stop, exitpriority=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            began = time.thread_time()
            if self._flush_whatever_happens():
                self._stopping.wait((time.thread_time() - began) * (1 / SHARE - 1))
            else:
                self._stopping.wait(FLUSH_SECONDS)  # else a full buffer would have us try all the time
            self.pollers.write_if_due()
            connection.close()  # back to the pool: it may take long until it is needed again

    def _flush_whatever_happens(self) -> bool:
        """Flush; an error that nobody thought of must not end the thread, for there is only one."""
        try:
            return self.flush()
        except Exception:
            log.exception("recording_failed")
            return False

    def _write(self, waiting: Waiting) -> bool:
        """Write environment by environment; what the database does not take now is given back."""
        parts = _by_environment(waiting)
        try:
            rows = Environment.objects.select_related("project").in_bulk(list(parts))
        except AWAY:
            log.warning("evaluations_cannot_be_written", exc_info=True)
            self.buffer.give_back(waiting)
            return False
        except Exception:
            self.buffer.drop(Drop.UNWRITTEN, waiting.evaluations)
            raise
        written = True
        for environment_id, part in sorted(parts.items()):
            if environment_id in rows:  # else it is gone, and nobody misses them
                written &= self._write_part(rows[environment_id], part)
        return written

    def _write_part(self, environment: Environment, part: Waiting) -> bool:
        try:
            refused = record_evaluations(environment, _records(part), list(_counts(part)))
        except AWAY:
            log.warning("evaluations_cannot_be_written", exc_info=True)
            self.buffer.give_back(part)
            return False
        except Exception:  # whatever it is, the next ones are to be written
            log.warning("evaluations_cannot_be_written", exc_info=True)
            self.buffer.drop(Drop.UNWRITTEN, part.evaluations)
        else:
            self.buffer.drop(Drop.REFUSED, refused.records)
            self.buffer.drop(Drop.UNWRITTEN, refused.evaluations)
            self._keep_contexts(environment, part)
        _measure(environment, part)  # not where it is given back: it will be written another time
        return True

    def _keep_contexts(self, environment: Environment, part: Waiting) -> None:
        """Keep who was seen, each once a minute; whom the database does not take now will come again."""
        seen = {
            noted.context_id: (noted.attributes, noted.time)
            for noted in part.noted
            if noted.is_recent and not self._was_seen(environment.pk, noted)
        }
        if len(seen) > MAX_NOTED_CONTEXTS:
            seen = dict(random.sample(list(seen.items()), MAX_NOTED_CONTEXTS))
        try:
            if seen:
                note_contexts(environment, seen)
        except Exception:  # as above
            log.warning("contexts_cannot_be_written", exc_info=True)
        else:
            self._seen.update((environment.pk, context_id) for context_id in seen)

    def _was_seen(self, environment_id: int, noted: Noted) -> bool:
        at = noted.time.timestamp()
        if at - self._seen_since > REPEAT_SECONDS or len(self._seen) > _REMEMBERED:
            self._seen.clear()
            self._seen_since = at
        return (environment_id, noted.context_id) in self._seen


def _measure(environment: Environment, part: Waiting) -> None:
    """Add evaluations to the metrics; errors were, with their codes, when they were met."""
    place = metrics.Place.of(environment)
    for counter in part.counts.values():
        for (flag, variation, reason, _), number in counter.items():
            if reason != Reason.ERROR:
                metrics.evaluated(place, flag, variation=variation, reason=reason, source="server", number=number)


def _by_environment(waiting: Waiting) -> dict[int, Waiting]:
    parts: defaultdict[int, Waiting] = defaultdict(Waiting)
    for noted in waiting.noted:
        parts[noted.environment_id].noted.append(noted)
    for minute, counter in waiting.counts.items():
        parts[minute[0]].counts[minute] = counter
    return parts


def _records(part: Waiting) -> Iterator[Record]:
    for noted in part.noted:
        if noted.answers:
            yield Record(noted.context_id, noted.time, noted.attributes, [answer.decided for answer in noted.answers])


def _counts(part: Waiting) -> Iterator[Count]:
    for (_, minute), counter in part.counts.items():
        for (flag, variation, reason, error_code), number in counter.items():
            yield Count(flag, variation or None, reason, number, minute, error_code=error_code or None)
