"""The configuration in memory: the engine's snapshot, where it came from, and what changed when it changed.

One lock orders those who change it and those who write it to disk; reads take none. Knows no socket and no
thread.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from flagsite_sdk.engine.counting import Count
from flagsite_sdk.engine.errors import UnknownFlag
from flagsite_sdk.engine.result import ErrorCode, Evaluation, Outcome
from flagsite_sdk.engine.snapshot import Snapshot
from flagsite_sdk.status import Source

Context = Mapping[str, Any]
Decide = Callable[[Context], Outcome]
Table = Mapping[str, Decide]


@dataclass(frozen=True, slots=True)
class Change:
    """What a new revision changed.

    Attributes:
        revision: the new revision.
        flags: keys of the flags that were added, changed or removed, and of those listened to by name that
            depend on what was.
        segments: keys of the segments that were added, changed or removed.
    """

    revision: int
    flags: frozenset[str] = field(default_factory=frozenset)
    segments: frozenset[str] = field(default_factory=frozenset)


class _Document(msgspec.Struct):
    flags: dict[str, msgspec.Raw] = {}
    segments: dict[str, msgspec.Raw] = {}


_read = msgspec.json.Decoder(_Document)


class Configuration:
    """What is held, for one client."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.snapshot = Snapshot(clock=clock)
        self.source = Source.NONE
        self.lock = threading.RLock()
        self._watches: dict[object, frozenset[str]] = {}  # the flags that someone listens to by name
        self._overlays: tuple[Snapshot, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether there is anything to decide by."""
        return self.source is not Source.NONE

    @property
    def revision(self) -> int:
        """The revision held; 0 when none is."""
        return self.snapshot.revision

    @property
    def holding(self) -> int | None:
        """The revision held *of the server*, for asking it what came after; None when there is none.

        A bootstrap's number was made up elsewhere and says nothing to the server.
        """
        return None if self.source in {Source.NONE, Source.BOOTSTRAP} else self.snapshot.revision

    # reading

    @property
    def table(self) -> Table:
        """Every flag's decision by key."""
        return _Overlaid(self.snapshot.table, self._overlays) if self._overlays else self.snapshot.table

    def serve_all(self, context: Context, failed: Callable[[str, ErrorCode], object]) -> dict[str, Evaluation]:
        """Decide every flag and count each; who is told of errors counts those. What is laid over is not counted."""
        if not self._overlays:
            return self.snapshot.serve_all(context, failed)
        laid_over: dict[str, Evaluation] = {}
        for overlay in reversed(self._overlays):
            laid_over |= overlay.evaluate_all(context)
        below = self.snapshot.evaluate_all(context)
        for key, evaluation in below.items():
            if key not in laid_over:
                self._count(key, evaluation, failed)
        return below | laid_over

    def _count(self, key: str, evaluation: Evaluation, failed: Callable[[str, ErrorCode], object]) -> None:
        if evaluation.error_code is not None:
            failed(key, evaluation.error_code)
        else:
            self.snapshot.count(key, evaluation)

    def to_json(self) -> bytes:
        """The snapshot document, for disk."""
        with self.lock:
            return self.snapshot.to_json()

    # changing

    def replace(self, document: bytes, *, source: Source) -> Change:
        """Take a whole snapshot.

        Raises:
            engine.errors.Malformed: it is not one; what was held stays.
        """
        with self.lock:
            watched = self._compiled()
            changed = self.snapshot.replace(document)
            self.source = source
            return Change(self.revision, changed.flags | self._dropped(watched), changed.segments)

    def apply(self, document: bytes, *, source: Source) -> Change:
        """Apply a delta.

        Raises:
            engine.errors.Gap: it begins after what is held.
            engine.errors.Malformed: it is not a delta; what was held stays.
        """
        with self.lock:
            watched = self._compiled()
            self.snapshot.apply(document)
            self.source = source
            items = _read.decode(document)
            flags = self._dropped(watched).union(items.flags)
            return Change(self.revision, flags, frozenset(items.segments))

    def watch(self, flag_keys: frozenset[str]) -> Callable[[], object]:
        """Name these flags in changes of what they depend on, too; return a function that ends it."""
        watch = object()
        self._watches[watch] = flag_keys
        return lambda: self._watches.pop(watch, None)

    @property
    def watched(self) -> frozenset[str]:
        """The flags that are watched."""
        return frozenset().union(*list(self._watches.values()))

    def _compiled(self) -> frozenset[str]:
        """Those of the watched flags that exist; compiled from here on."""
        watched = self.watched
        for key in watched:
            with contextlib.suppress(UnknownFlag):
                _ = self.snapshot.table[key]
        return frozenset(key for key in watched if key in self.snapshot.table)

    def _dropped(self, watched: frozenset[str]) -> frozenset[str]:
        """Those of them that the engine will compile anew, because they or what they depend on changed."""
        return frozenset(key for key in watched if key not in self.snapshot.table)

    # forks

    def take_counts(self) -> list[Count]:
        """What was counted since the last call."""
        with self.lock:
            return self.snapshot.take_counts()

    def freeze(self) -> None:
        """Let nobody be in the middle of anything, until ``thaw`` by the same thread."""
        self.lock.acquire()
        self.snapshot._lock.acquire()  # noqa: SLF001 - the engine knows nothing of forks

    def thaw(self) -> None:
        """Go on."""
        self.snapshot._lock.release()  # noqa: SLF001
        self.lock.release()

    # tests

    def lay_over(self, overlay: Snapshot) -> Callable[[], None]:
        """Let another snapshot decide the flags that it has; return a function that takes it away again."""
        self._overlays = (overlay, *self._overlays)

        def take_away() -> None:
            self._overlays = tuple(each for each in self._overlays if each is not overlay)

        return take_away


class _Overlaid(dict[str, Decide]):
    """A table of which some entries are another's."""

    def __init__(self, below: Table, overlays: tuple[Snapshot, ...]) -> None:
        super().__init__({key: each.table[key] for each in reversed(overlays) for key in each.keys()})  # noqa: SIM118
        self._below = below

    def __missing__(self, flag_key: str) -> Decide:
        return self._below[flag_key]
