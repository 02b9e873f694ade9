"""Who had an event, inside and outside: reads of what SDKs track, each context once.

Events carry a context's id. Whether it was inside is decided by the engine's buckets and the percentage that was in
force when the event happened: everybody is compared as the rollout meant to treat them, also those whom a target or
another rule decides for. That moves no false alarms; it only makes harm to a few harder to see.

Contexts are told apart by the hashes of their ids, whether an event has the id or, because the project keeps no other,
its hash: so somebody is one context on both sides of such a decision.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import IntegerField, Max, Min, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from flagsite_sdk.engine.bucketing import bucket

from flags.contexts import HASHED, stored_id
from flags.models import FlagState, TrackedEvent
from flags.usage.watched import salt_name
from rollouts.guardrails.stages import Span
from rollouts.statistics import Tally
from rollouts.statistics.comparison import buckets_of

MAX_CONTEXTS: Final = 200_000
"""Contexts of one stage that are compared, the first of them: those of a busier stage add nothing to the verdict."""
MOST_INSIDE: Final = 50_000
"""Contexts inside that a limit is held against, the latest of the window: a share of so many is exact to 0.5 points."""
MOST_READ: Final = 1_000_000
"""Contexts of a window that are gone through to find them."""

_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Seen:
    """Of which flag, under which percentages; and the times before, whose users nothing new can be learnt of."""

    state: FlagState
    spans: Sequence[Span]
    before: Sequence[Span] = ()


def known_before(seen: Seen, event: str, *, above: float | None) -> set[str]:
    """Return who had the event in the times before: where they are may be why it went on as it did."""
    return {
        context
        for span in seen.before
        for context, _ in _contexts(seen.state, event, span.since, span.until, above=above)
    }


def tally_of(
    seen: Seen, event: str, *, above: float | None = None, known: Iterable[str] = ()
) -> tuple[Tally, tuple[int, int]]:
    """Return the contexts with an event stage by stage, and how many are inside and outside in the present one."""
    tally = Tally(float(seen.spans[0].percentage))
    tally.know(known)
    sides = (0, 0)
    for span in seen.spans:
        tally.move(float(span.percentage))
        inside, found = buckets_of(float(span.percentage)), [0, 0]
        for context, place in _contexts(seen.state, event, span.since, span.until, above=above):
            if place is None:
                continue
            tally.note(context, place)
            found[place >= inside] += 1
        sides = (found[0], found[1])
    return tally, sides


def _contexts(
    state: FlagState, event: str, since: datetime, until: datetime | None = None, *, above: float | None = None
) -> Iterator[tuple[str, int | None]]:
    """Return who had the event in a time, with their buckets, the first first."""
    rows = _events(state, event, since, above=above)
    if until is not None:
        rows = rows.filter(time__lt=until)
    firsts = _by_context(rows, state).annotate(first=Min("time")).order_by("first", "context_id")
    told = set[str]()
    for row in firsts[:MAX_CONTEXTS].iterator(chunk_size=5_000):
        context, place = _who(state, row)
        if context not in told:  # else once under the id and once under its hash
            told.add(context)
            yield context, place


@dataclass(frozen=True)
class Latest:
    """When contexts inside had an event last; after `since`, all of them are known."""

    at: Mapping[str, datetime]
    since: datetime

    def number(self, since: datetime) -> int:
        """Return how many had it after a moment."""
        return sum(at > since for at in self.at.values())


def latest_inside(seen: Seen, event: str, since: datetime, *, above: float | None = None) -> Latest:
    """Return who of those inside had an event last; of very many the latest, and since when these are all."""
    inside, found = buckets_of(float(seen.spans[-1].percentage)), dict[str, datetime]()
    rows = _by_context(_events(seen.state, event, since, above=above), seen.state).annotate(last=Max("time"))
    for read, row in enumerate(rows.order_by("-last", "context_id").iterator(chunk_size=5_000)):
        if len(found) == MOST_INSIDE or read == MOST_READ:
            return Latest(found, row["last"])
        context, place = _who(seen.state, row)
        if place is not None and place < inside:
            found.setdefault(context, row["last"])
    return Latest(found, since - _MOMENT)


def _events(state: FlagState, event: str, since: datetime, *, above: float | None) -> QuerySet[TrackedEvent]:
    rows = TrackedEvent.objects.filter(environment=state.environment_id, name=event, time__gte=since).order_by()
    return rows if above is None else rows.filter(value__gt=above)


def _by_context(rows: QuerySet[TrackedEvent], state: FlagState) -> QuerySet[Any, Any]:
    """Return a row for each stored id, with the bucket that was noted for it, if any."""
    noted = Cast(KeyTextTransform(salt_name(state.salt), "buckets"), IntegerField())
    return rows.values("context_id").annotate(bucket=Max(noted))


def _who(state: FlagState, row: dict[str, Any]) -> tuple[str, int | None]:
    """Return by what a context is told apart, and its bucket; None where only a hash is known, of before the ramp."""
    stored = row["context_id"]
    if stored.startswith(HASHED):
        return stored, row["bucket"]
    name = stored_id(stored, salt=state.environment.project.context_salt, hashed=True)
    return name, bucket(state.salt, "rollout", stored)
