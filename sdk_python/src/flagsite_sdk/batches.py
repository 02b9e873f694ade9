"""Gathers counts by the minute and seals counts, events and records into batches that can be sent, and sent again.

A sealed batch keeps its number (a UUID) however often it is sent, so the server counts it once. While the
server is away one batch waits sealed and everything later is added up behind it: an hour without server costs
memory for the combinations that were seen, not for the evaluations. Pure: no clock, no socket.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from flagsite_sdk.applied import MOST_UPDATES, Update
from flagsite_sdk.counts import Counted
from flagsite_sdk.events import Event
from flagsite_sdk.losses import NOTHING, Lost
from flagsite_sdk.recordings import Recorded
from flagsite_sdk.version import NAME, __version__

MOST_ENTRIES = 5_000  # of a batch; the server's limit
_MOST_BYTES = 900_000  # of a batch, before packing; the server takes 1 MiB
_MOST_HELD = 20_000  # counts held; beyond, minutes become hours, then what is new is dropped (and said)

_Slot = tuple[str, str | None, str, str | None, str]  # flag, variation, reason, error code, minute


class _Count(msgspec.Struct, frozen=True, omit_defaults=True):
    flag: str
    variation: str | None
    reason: str
    count: int
    minute: str
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent in one request."""

    number: str
    body: bytes
    counts: int
    """Rows of counts; of how many evaluations says ``evaluations``."""
    evaluations: int
    events: int
    records: int = 0
    updates: Sequence[Update] = ()
    lost: Lost = NOTHING
    """What it tells of losses."""

    def sent_at(self, moment: float, *, at: str | None = None) -> bytes:
        """Return the body as it is to be sent at a moment of the monotonic clock: with how old its updates are then.

        Args:
            moment: the moment.
            at: what the SDK's clock says then; by it the server tells how wrong the clock is. What stands in `sdk`
                servers of before pass over.
        """
        body = self.body if at is None else self.body.replace(b'"sdk":{', b'"sdk":{"sent_at":"%b",' % at.encode(), 1)
        if not self.updates:
            return body
        ages = [
            {"revision": update.revision, "source": update.source, "age_seconds": max(0.0, moment - update.at)}
            for update in self.updates
        ]
        return body[:-1] + b',"updates":%b}' % msgspec.json.encode(ages)


class Held(NamedTuple):
    """How many rows of each kind are not yet sealed."""

    counts: int
    events: int
    records: int


class Ledger:
    """The counts not yet sealed. For one thread at a time."""

    def __init__(self, *, instance: str) -> None:
        self._sdk = {"name": NAME, "version": __version__, "instance": instance}
        self._counts: Counter[_Slot] = Counter()
        self._events: list[Event] = []
        self._records: list[Recorded] = []
        self._updates: list[Update] = []
        self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._counts or self._events or self._records or self._updates)

    @property
    def held(self) -> Held:
        """How much waits here."""
        return Held(len(self._counts), len(self._events), len(self._records))

    def count(self, counted: Counted, *, minute: str) -> None:
        """Add evaluations of a minute (``2026-11-22T10:04:00Z``)."""
        what = (counted.flag, counted.variation, counted.reason, counted.error_code)
        slot = (*what, minute)
        if len(self._counts) >= _MOST_HELD and slot not in self._counts:
            self._coarsen()
            slot = (*what, _hour(minute))
            if len(self._counts) >= _MOST_HELD and slot not in self._counts:
                self.dropped += counted.number
                return
        self._counts[slot] += counted.number

    def add(self, events: Iterable[Event]) -> None:
        """Add events."""
        self._events.extend(events)

    def add_records(self, records: Iterable[Recorded]) -> None:
        """Add evaluations that are recorded one by one."""
        self._records.extend(records)

    def add_updates(self, updates: Iterable[Update]) -> None:
        """Add updates; of too many the newest are kept."""
        self._updates = [*self._updates, *updates][-MOST_UPDATES:]

    def seal(self, *, revision: int | None = None, lost: Lost = NOTHING) -> Batch | None:
        """Take as much as one request may carry; None when there is nothing.

        Args:
            revision: by which flags are decided now; None while there is none.
            lost: what the server is to be told of losses.
        """
        if not self and not lost:
            return None
        room = _Room(MOST_ENTRIES, _MOST_BYTES)
        counts, evaluations = [], 0
        for slot, number in list(self._counts.items()):
            flag, variation, reason, error_code, minute = slot
            line = msgspec.json.encode(_Count(flag, variation, reason, number, minute, error_code))
            if not room.takes(line):
                break
            del self._counts[slot]
            counts.append(line)
            evaluations += number
        events = room.fill_from(self._events)
        records = room.fill_from(self._records)
        batch = str(uuid.uuid4())
        body = b'{"batch":"%b","sdk":%b,"counts":[%b],"events":[%b]}' % (
            batch.encode(),
            msgspec.json.encode(self._sdk if revision is None else {**self._sdk, "revision": revision}),
            b",".join(counts),
            b",".join(events),
        )
        if records:  # only then: servers of before know of none, and refuse what they do not know
            body = body[:-1] + b',"evaluations":[%b]}' % b",".join(records)
        if lost:  # likewise
            body = body[:-1] + b',"dropped":%b}' % msgspec.json.encode(lost._asdict())
        updates, self._updates = self._updates, []
        return Batch(batch, body, len(counts), evaluations, len(events), len(records), updates, lost)

    def _coarsen(self) -> None:
        coarse: Counter[_Slot] = Counter()
        for (flag, variation, reason, error_code, minute), number in self._counts.items():
            coarse[flag, variation, reason, error_code, _hour(minute)] += number
        self._counts = coarse


class _Room:
    """What is left of a batch's limits."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._size = size

    def takes(self, line: bytes) -> bool:
        self._entries -= 1
        self._size -= len(line) + 1
        return self._entries >= 0 and self._size >= 0

    def fill_from(self, waiting: list[Any]) -> list[bytes]:
        """Take off the list what there is room for, and return it as JSON."""
        lines: list[bytes] = []
        for each in waiting:
            line = msgspec.json.encode(each)
            if not self.takes(line):
                break
            lines.append(line)
        del waiting[: len(lines)]
        return lines


def _hour(minute: str) -> str:
    return minute[:13] + ":00:00Z"
