"""An environment's configuration as this process holds it: the engine's snapshot, and bytes that are ready to send.

This is the only composer of what SDKs download. It is built from the rows once; after that it takes the deltas of the
revisions one by one, so that a change costs what changed. It never decides whether it is fresh: the caller hands in
the number that the environment has reached (read together with the key that asks), and what is held catches up.
"""

import gzip
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from flagsite_sdk.engine.snapshot import Snapshot

from accounts.models import Environment
from flags import metrics
from flags.answers import Answers
from flags.documents import state_document
from flags.limits import MAX_KEPT_DELTA_BYTES, MAX_MERGED_REVISIONS
from flags.models import Revision
from flags.querysets import states_in
from flagsite.lib import clock, tracing
from flagsite.lib.canonical import canonical
from segments.models import Segment

_STEPS: Final = 1_000
"""Revisions that are applied one by one; further behind, building anew is cheaper."""
_RECENT: Final = 100
"""Deltas that a process that has just started reads, for readers who were at an earlier one before."""
_MERGED_KEPT: Final = 32
"""Merged deltas to the present revision that are kept for other readers who lag behind as far."""
_AT_ONCE: Final = 500
"""Rows that are read at a time while a snapshot is built."""
_GZIP_LEVEL: Final = 6
_SMALL: Final = 20
"""Environments of so few flags are sent deltas always: there is nothing to save."""


@dataclass(frozen=True)
class Update:
    """What a reader lacks, encoded once for all readers who lack the same."""

    revision: int
    body: bytes
    compressed: bytes | None = None  # the same, as gzip: snapshots only, deltas are short
    is_news: bool = True  # or else a heartbeat


class EnvironmentSnapshot:
    """One environment's configuration at a revision; safe to share between threads."""

    def __init__(self, environment_id: int) -> None:
        self._environment_id = environment_id
        self._reading = threading.Lock()  # while the database is asked: who only wants bytes does not wait for it
        self._composing = threading.Lock()
        self._lock = threading.Lock()
        self._deltas: OrderedDict[int, bytes] = OrderedDict()
        self._deltas_bytes = 0
        self._merged: dict[int, Update | None] = {}
        self._whole: Update | None = None
        self.made_at: datetime | None = None
        """When the revision that is held was made; None when there is none."""
        self.engine = Snapshot(clock=clock.epoch)
        self.answers = Answers(self.engine)
        """What the flags are for a context, ready to be given out."""

    @property
    def revision(self) -> int:
        """The number of the revision that is held."""
        return self.engine.revision

    def catch_up(self, head: int) -> None:
        """Bring what is held to the revision `head`, or past it when there is more by now."""
        with tracing.span("flagsite.snapshot") as span:
            lookup = self._look_up(head)
            if span.is_recording():
                span.set_attribute("flagsite.snapshot.lookup", lookup)
                span.set_attribute("flagsite.revision", self.engine.revision)

    def _look_up(self, head: int) -> str:
        """Do it, and return what it took: a `hit`, a `catch_up` or a `build`."""
        if self.engine.revision == head:
            metrics.snapshot_was_current()
            return "hit"
        with self._reading:
            if self.engine.revision < head:
                if self._take_steps():
                    return "catch_up"
                self._build()
                return "build"
            return "build" if self._is_of_another_history() else "hit"

    def _take_steps(self) -> bool:
        """Apply the revisions that are missing; False when there are too many or the chain is not ours."""
        if self.engine.revision == 0:
            return False
        missing = list(
            Revision.objects.filter(environment=self._environment_id, number__gt=self.engine.revision)
            .order_by("number")
            .values_list("number", "delta", "created_at")[: _STEPS + 1],
        )
        if len(missing) > _STEPS or not missing or missing[0][0] != self.engine.revision + 1:
            return False
        with self._lock:
            for number, delta, made_at in missing:
                body = delta.encode()
                self.engine.apply(body)
                self._remember(number, body, made_at)
        metrics.snapshot_took_deltas()
        return True

    def _remember(self, number: int, body: bytes, made_at: datetime) -> None:
        self.made_at = made_at
        self._deltas[number] = body
        self._deltas_bytes += len(body)
        while len(self._deltas) > MAX_MERGED_REVISIONS or self._deltas_bytes > MAX_KEPT_DELTA_BYTES:
            _, dropped = self._deltas.popitem(last=False)
            self._deltas_bytes -= len(dropped)
        self._merged.clear()
        self._whole = None

    def _is_of_another_history(self) -> bool:
        """Build anew when the database has gone back (a restored backup); a reader who was overtaken is no reason."""
        head = Environment.objects.values_list("revision", flat=True).get(pk=self._environment_id)
        if head >= self.engine.revision:
            return False
        self._build()
        return True

    def _build(self) -> None:
        """Read everything, and the newest deltas.

        The number is read before and after, so that what is read in between is of one revision.
        """
        began = time.perf_counter()
        while True:
            environment = Environment.objects.get(pk=self._environment_id)
            body = _compose(environment)
            if Environment.objects.values_list("revision", flat=True).get(pk=environment.pk) == environment.revision:
                break
        recent = Revision.objects.filter(environment=environment, number__lte=environment.revision)
        newest = list(recent.order_by("-number").values_list("number", "delta", "created_at")[:_RECENT])
        with self._lock:
            self.engine.replace(body)
            self._deltas.clear()
            self._deltas_bytes = 0
            self._merged.clear()
            self._whole = self.made_at = None
            for number, delta, made_at in reversed(newest):
                self._remember(number, delta.encode(), made_at)
        metrics.snapshot_was_built(time.perf_counter() - began)

    def whole(self) -> Update:
        """Return the snapshot, composed and compressed once a revision; nobody waits for it who wants a delta."""
        with self._composing:
            with self._lock:
                if self._whole is not None:
                    return self._whole
                revision, body = self.engine.revision, self.engine.to_json()
            whole = Update(revision, body, gzip.compress(body, _GZIP_LEVEL, mtime=0))
            with self._lock:
                if self.engine.revision == revision:
                    self._whole = whole
            return whole

    def since(self, revision: int) -> Update:
        """Return what a reader at `revision` lacks: nothing (a heartbeat), a delta, or the snapshot."""
        return self.delta_since(revision) or self.whole()

    def delta_since(self, revision: int) -> Update | None:
        """Return what a reader at `revision` lacks: nothing (a heartbeat) or a delta; None when it lacks the snapshot.

        A reader ahead of us belongs to another history and lacks it. Waits for nothing but memory.
        """
        with self._lock:
            held = self.engine.revision
            if revision == held:
                return Update(held, orjson.dumps({"revision": held}), is_news=False)
            if revision <= 0 or revision + 1 not in self._deltas:
                return None
            if revision + 1 == held:
                return Update(held, self._deltas[held])
            if revision not in self._merged:
                if len(self._merged) >= _MERGED_KEPT:
                    self._merged.clear()
                self._merged[revision] = self._merge(revision)
            return self._merged[revision]

    def _merge(self, revision: int) -> Update | None:
        """Fold the deltas since a revision into one; None when most of the snapshot would be in there anyway."""
        deltas = [orjson.loads(self._deltas[number]) for number in range(revision + 1, self.engine.revision + 1)]
        flags = {key: item for delta in deltas for key, item in delta["flags"].items()}
        segments = {key: item for delta in deltas for key, item in delta["segments"].items()}
        if 2 * len(flags) > len(self.engine.keys()) > _SMALL:
            return None
        held = self.engine.revision
        return Update(held, canonical({"since": revision, "revision": held, "flags": flags, "segments": segments}))


def _compose(environment: Environment) -> bytes:
    """Return the snapshot document of an environment as the rows have it now.

    Each document is written out as soon as its row is read: as Python's objects all of them take much more room.
    """
    states = states_in(environment).iterator(chunk_size=_AT_ONCE)
    flags = _members((state.flag.key, state_document(state)) for state in states)
    rows = Segment.objects.filter(project=environment.project_id).iterator(chunk_size=_AT_ONCE)
    segments = _members((row.key, row.document()) for row in rows)
    return b'{"flags":{%b},"revision":%d,"segments":{%b}}' % (flags, environment.revision, segments)


def _members(documents: Iterable[tuple[str, Any]]) -> bytes:
    """Return the members of an object, in the order of `canonical`."""
    written = sorted((key, canonical(document)) for key, document in documents)
    return b",".join(b"%b:%b" % (orjson.dumps(key), document) for key, document in written)


_held: dict[int, EnvironmentSnapshot] = {}


def holding(environment_id: int) -> EnvironmentSnapshot:
    """Return this process's holder of an environment, which may still be empty or behind."""
    return _held.setdefault(environment_id, EnvironmentSnapshot(environment_id))


def snapshot_of(environment: Environment) -> EnvironmentSnapshot:
    """Return the environment's configuration at the revision that the row says, or a later one."""
    held = holding(environment.pk)
    held.catch_up(environment.revision)
    return held


def forget_all() -> None:
    """Drop everything that is held: for tests, whose databases go back in time."""
    _held.clear()
