"""Where an evaluation leaves what is to be recorded: bounded, quick, and without the database.

Everything that is kept of an evaluation is taken here; its value is not. What finds no room is dropped and counted,
by the reason. Sums are kept apart from records, so that they stay right where records are dropped.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from flagsite_sdk.engine.result import ErrorCode

from flags import limits, metrics
from flags.answers import Answer, Tally


class Drop(StrEnum):
    """Why something is not recorded."""

    FULL = "full"
    """Records that found the buffer full."""
    TOO_MANY_AT_ONCE = "too_many_at_once"
    """Records of a request for all flags, where there are very many; they are counted."""
    COUNTS_FULL = "counts_full"
    """Evaluations that are missing in the counts."""
    UNKNOWN_FLAGS = "unknown_flags"
    """Evaluations of keys without a flag, after very many such keys."""
    UNWRITTEN = "unwritten"
    """Evaluations that the database did not take."""
    REFUSED = "refused"
    """Records that the database refused, each by itself; what came with them is kept."""


Minute = tuple[int, datetime]
"""An environment, and a minute in it."""


class Noted(NamedTuple):
    """What one request decided for one context; `answers` are those to be recorded one by one."""

    environment_id: int
    context_id: str
    """As it is kept: a hash where the project wants one."""
    is_recent: bool
    """Whether the context may be kept among those seen lately."""
    attributes: Mapping[str, Any]
    size: int
    """Bytes of the attributes, as JSON."""
    time: datetime
    answers: Sequence[Answer]


@dataclass(slots=True)
class Waiting:
    """What has been noted and is not written yet."""

    noted: list[Noted] = field(default_factory=list)
    counts: dict[Minute, Counter[Tally]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.noted or self.counts)

    @property
    def evaluations(self) -> int:
        """How many evaluations are counted."""
        return sum(counter.total() for counter in self.counts.values())


for _reason in Drop:
    metrics.dropped(_reason.value, 0)  # is there from the start, so that its rate is


class Buffer:
    """What one process has to record; safe to share between threads."""

    def __init__(self) -> None:
        self.dropped: Counter[Drop] = Counter()
        self._lock = threading.Lock()
        self._waiting = Waiting()
        self._records = self._bytes = 0
        self._unknown: set[tuple[int, str]] = set()

    def put(self, noted: Noted, tallies: Sequence[Tally]) -> bool:
        """Take what is to be recorded, and count all that was decided; return whether the buffer is half full."""
        minute = noted.environment_id, noted.time.replace(second=0, microsecond=0)
        with self._lock:
            if len(tallies) == 1 and not self._is_bounded(noted.environment_id, *tallies):
                self._lose(Drop.UNKNOWN_FLAGS, 1)
                return False
            self._count(minute, tallies)
            if noted.answers or noted.is_recent:
                self._keep(noted)
            return 2 * self._records >= limits.MAX_WAITING_EVALUATIONS

    def take(self) -> Waiting:
        """Remove and return everything that waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, Waiting()
            self._records = self._bytes = 0
            return waiting

    def give_back(self, waiting: Waiting) -> None:
        """Keep what could not be written, for the next time; there may be no room for others until then."""
        with self._lock:
            self._waiting.noted[:0] = waiting.noted
            for minute, counter in waiting.counts.items():
                self._waiting.counts.setdefault(minute, Counter()).update(counter)
            self._records += sum(max(1, len(noted.answers)) for noted in waiting.noted)
            self._bytes += sum(noted.size for noted in waiting.noted)

    def drop(self, reason: Drop, number: int) -> None:
        """Count what is lost."""
        if number:
            with self._lock:
                self._lose(reason, number)

    def _lose(self, reason: Drop, number: int) -> None:
        self.dropped[reason] += number
        metrics.dropped(reason.value, number)

    def _is_bounded(self, environment_id: int, tally: Tally) -> bool:
        """Tell whether there is a flag of that key, or there were few enough keys without one."""
        key, _, _, error_code = tally
        if error_code != ErrorCode.FLAG_NOT_FOUND or (environment_id, key) in self._unknown:
            return True
        if len(self._unknown) >= limits.MAX_UNKNOWN_FLAGS:
            return False
        self._unknown.add((environment_id, key))
        return True

    def _count(self, minute: Minute, tallies: Sequence[Tally]) -> None:
        counter = self._waiting.counts.setdefault(minute, Counter())
        if len(tallies) == 1 and tallies[0] in counter:  # by far the most frequent, and dear to what follows
            counter[tallies[0]] += 1
            return
        if sum(map(len, self._waiting.counts.values())) < limits.MAX_WAITING_COUNTS:
            counter.update(tallies)  # past the limit by one request's at most
            return
        for tally in tallies:
            if tally in counter:
                counter[tally] += 1
            else:
                self._lose(Drop.COUNTS_FULL, 1)

    def _keep(self, noted: Noted) -> None:
        records = max(1, len(noted.answers))
        has_room = self._records + records <= limits.MAX_WAITING_EVALUATIONS
        if not has_room or self._bytes + noted.size > limits.MAX_WAITING_ATTRIBUTE_BYTES:
            self._lose(Drop.FULL, len(noted.answers))
            return
        self._waiting.noted.append(noted)
        self._records += records
        self._bytes += noted.size
