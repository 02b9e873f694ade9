"""Who had an event, inside and outside: reads of what SDKs track, each context once.

Events carry a context's id. Whether it was inside is decided by the engine's buckets and the percentage that was in
force when the event happened: everybody is compared as the rollout meant to treat them, also those whom a target or
another rule decides for. That moves no false alarms; it only makes harm to a few harder to see.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max, Min, QuerySet
from flagsite_sdk.engine.bucketing import bucket

from flags.models import FlagState, TrackedEvent
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
        context for span in seen.before for context in _contexts(seen.state, event, span.since, span.until, above=above)
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
        for context in _contexts(seen.state, event, span.since, span.until, above=above):
            place = _bucket(seen.state, context)
            tally.note(context, place)
            found[place >= inside] += 1
        sides = (found[0], found[1])
    return tally, sides


def _contexts(
    state: FlagState, event: str, since: datetime, until: datetime | None = None, *, above: float | None = None
) -> Iterator[str]:
    """Return the ids with the event in a time, each once, the first first."""
    rows = _events(state, event, since, above=above)
    if until is not None:
        rows = rows.filter(time__lt=until)
    firsts = rows.values("context_id").annotate(first=Min("time")).order_by("first", "context_id")
    return (row["context_id"] for row in firsts[:MAX_CONTEXTS].iterator(chunk_size=5_000))


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
    rows = _events(seen.state, event, since, above=above).values("context_id").annotate(last=Max("time"))
    for read, row in enumerate(rows.order_by("-last", "context_id").iterator(chunk_size=5_000)):
        if len(found) == MOST_INSIDE or read == MOST_READ:
            return Latest(found, row["last"])
        if _bucket(seen.state, row["context_id"]) < inside:
            found[row["context_id"]] = row["last"]
    return Latest(found, since - _MOMENT)


def _events(state: FlagState, event: str, since: datetime, *, above: float | None) -> QuerySet[TrackedEvent]:
    rows = TrackedEvent.objects.filter(environment=state.environment_id, name=event, time__gte=since).order_by()
    return rows if above is None else rows.filter(value__gt=above)


def _bucket(state: FlagState, context_id: str) -> int:
    return bucket(state.salt, "rollout", context_id)
