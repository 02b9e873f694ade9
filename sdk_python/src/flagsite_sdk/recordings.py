"""Full evaluations on their way to the server, where a program asks for them: who got what and why, never the value.

A table lies over the configuration's own and hands out outcomes whose counter also records: whoever serves an outcome
counts it, so exactly what is served is recorded, and a client that records nothing has nothing in its way. What gave
the caller's default is recorded where an id says whose it was, and else only counted. Bounded, never waited for; of a
context only the id and the attributes that the settings name.
"""

import time
from collections.abc import Callable, Collection, Mapping
from random import SystemRandom
from typing import Any, NamedTuple

import msgspec

from flagsite_sdk.configuration import Configuration, Context, Decide, Table
from flagsite_sdk.counts import is_key
from flagsite_sdk.engine.context import read
from flagsite_sdk.engine.result import Outcome, Reason
from flagsite_sdk.events import is_text, moment
from flagsite_sdk.queues import Queue
from flagsite_sdk.settings import LONGEST_ID, Settings

_LONGEST_ATTRIBUTE = 1_024
"""Bytes as JSON; the server keeps no longer ones."""
_CHANCE = SystemRandom()
"""Takes nothing from numbers that the caller has seeded, and draws otherwise in each forked process."""


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """One evaluation, as the server takes it."""

    flag: str
    context_id: str
    variation: str | None
    reason: str
    revision: int
    time: str
    rule: str | None = None
    error_code: str | None = None
    attributes: dict[str, msgspec.Raw] = {}


_About = tuple[str | None, Reason, str | None, str | None, int]
"""Variation, reason, rule, error code and revision."""


class _Served(NamedTuple):
    flag: str
    context_id: str
    variation: str | None
    reason: Reason
    rule: str | None
    error_code: str | None
    revision: int
    seconds: float
    attributes: dict[str, msgspec.Raw]


class Recordings:
    """What one process has to record. Any thread adds; one takes."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_half_full: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        wanted = settings.record_evaluations
        self._share = 1.0 if isinstance(wanted, Collection) else float(wanted)
        self._flags = frozenset(wanted) if isinstance(wanted, Collection) else None
        self._attributes = tuple(settings.record_attributes)
        self._clock = clock
        self._served: Queue[_Served] = Queue(settings.record_queue_size, on_half_full=on_half_full)

    def __len__(self) -> int:
        return len(self._served)

    @property
    def is_half_full(self) -> bool:
        """Whether it is time to send."""
        return self._served.is_half_full

    @property
    def dropped(self) -> int:
        """Evaluations that found the queue full, or whose context's id the server would not take."""
        return self._served.dropped

    def table(self, configuration: Configuration) -> Table:
        """Return the table to decide by: the configuration's own, unless something is to be recorded.

        What a test lays over the configuration is not recorded.
        """
        table = configuration.table
        records = self._share > 0 and (self._flags is None or bool(self._flags))
        return Recording(self, configuration) if records and table is configuration.snapshot.table else table

    def takes(self, flag_key: str) -> bool:
        """Tell whether evaluations of a flag are recorded at all."""
        return self._flags is None or flag_key in self._flags

    def draws(self) -> bool:
        """Tell whether this evaluation is among the share."""
        return self._share >= 1 or _CHANCE.random() < self._share

    def add(self, flag_key: str, context: Context, outcome: Outcome, revision: int) -> None:
        """Queue what was served. Never raises, never waits."""
        try:
            self._put(flag_key, context, (outcome.variation, outcome.reason, outcome.rule, None, revision))
        except Exception:  # noqa: BLE001 - a context may be any mapping; what it raises is no reason to fail a read
            self._served.drop()

    def add_error(self, flag_key: object, context: Context, code: str, revision: int) -> None:
        """Queue an evaluation that gave the default, where there is an id to say. Never raises, never waits.

        What the server would take for no key, and a context without an id, has nothing to be found by.
        """
        try:
            if is_key(flag_key) and isinstance(context["id"], str) and self.takes(flag_key) and self.draws():
                self._put(flag_key, context, (None, Reason.ERROR, None, str(code), revision))
        except Exception:  # noqa: BLE001, S110 - the error may be that the context is none
            pass

    def _put(self, flag_key: str, context: Context, about: _About) -> None:
        context_id = context["id"]
        if self._served.is_full or not is_text(context_id, LONGEST_ID):
            self._served.drop()
            return
        attributes = _attributes(context, self._attributes) if self._attributes else {}
        self._served.put(_Served(flag_key, context_id, *about, self._clock(), attributes))

    def take(self, most: int) -> list[Recorded]:
        """Remove and return the oldest, at most so many."""
        return [
            Recorded(
                flag=served.flag,
                context_id=served.context_id,
                variation=served.variation,
                reason=served.reason.value,
                revision=served.revision,
                time=moment(served.seconds),
                rule=served.rule,
                error_code=served.error_code,
                attributes=served.attributes,
            )
            for served in self._served.take(most)
        ]


class Recording(dict[str, Decide]):
    """The table of a client that records; kept empty, so that a change of the configuration is seen at once."""

    def __init__(self, recordings: Recordings, configuration: Configuration) -> None:
        super().__init__()
        self._recordings = recordings
        self._snapshot = configuration.snapshot

    def __missing__(self, flag_key: str) -> Decide:
        decide = self._snapshot.table[flag_key]
        recordings, snapshot = self._recordings, self._snapshot
        if not recordings.takes(flag_key) or not recordings.draws():
            return decide

        def decide_and_record(context: Context) -> Outcome:
            outcome, revision = snapshot.consistently(lambda: (snapshot.table[flag_key](context), snapshot.revision))
            tick = _Tick(outcome, lambda: recordings.add(flag_key, context, outcome, revision))
            return _Watched(outcome, tick)  # type: ignore[return-value]  # it quacks, and no more is asked

        return decide_and_record

    def note_error(self, flag_key: object, context: Context, code: str) -> None:
        """Record an evaluation that gave the default. Never raises."""
        self._recordings.add_error(flag_key, context, code, self._snapshot.revision)


class _Watched:
    """An outcome that is recorded when it is counted."""

    __slots__ = ("_outcome", "counter", "reason", "rule", "variation")

    def __init__(self, outcome: Outcome, tick: "_Tick") -> None:
        self._outcome = outcome
        self.variation, self.reason, self.rule = outcome.variation, outcome.reason, outcome.rule
        self.counter = tick

    @property
    def value(self) -> Any:
        return self._outcome.value


class _Tick:
    """Counts an outcome where it is counted, and records it."""

    __slots__ = ("_outcome", "_record")

    def __init__(self, outcome: Outcome, record: Callable[[], None]) -> None:
        self._outcome = outcome
        self._record = record

    def __iter__(self) -> "_Tick":
        return self

    def __next__(self) -> int:
        count = next(self._outcome.counter)
        self._record()
        return count


def _attributes(context: Mapping[str, Any], paths: Collection[str]) -> dict[str, msgspec.Raw]:
    """Return the named attributes as they are now; what is missing, long or no JSON is left out."""
    found = {}
    for path in paths:
        value = read(context, path)
        if value is None or path == "id":
            continue
        try:
            encoded = msgspec.json.encode(value)
        except (TypeError, ValueError, RecursionError):
            continue
        if len(encoded) <= _LONGEST_ATTRIBUTE:
            found[path] = msgspec.Raw(encoded)
    return found
