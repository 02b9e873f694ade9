"""The percentages that were in force while a ramp was watched, each with its time; and what was watched before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from rollouts.models import Ramp
from rollouts.querysets import occurrences_of

MAX_EARLIER: Final = 10
"""Ramps that are looked back at."""
MAX_SPANS: Final = 100
"""Percentages of one ramp that are compared, the latest: it has far fewer, unless a program moves them by hand."""


@dataclass(frozen=True)
class Span:
    """From `since` until `until` this percentage was in force; the last span has not ended."""

    percentage: Decimal
    since: datetime
    until: datetime | None


def spans_of(ramp: Ramp) -> list[Span]:
    """Return the ramp's percentages in order, from its start on; what stayed the same is one span."""
    told = occurrences_of(ramp).exclude(percentage=None)
    return spans([(each.at, each.percentage) for each in told if each.percentage is not None])


def given_up_before(ramp: Ramp) -> list[Span]:
    """Return when earlier ramps of the same state were under way that did not go well, the latest few.

    This one may have been started for what their users did, in the same buckets.
    """
    badly = (Ramp.Status.ROLLED_BACK, Ramp.Status.STOPPED)
    rows = Ramp.objects.filter(
        state=ramp.state_id, status__in=badly, percentage__isnull=False, started_at__lt=ramp.started_at
    )
    latest = rows.exclude(pk=ramp.pk).order_by("-started_at", "-pk")[:MAX_EARLIER]
    return [Span(each.percentage or Decimal(0), each.started_at, each.ended_at) for each in latest]


def latest(history: Sequence[Span]) -> tuple[Sequence[Span], Sequence[Span]]:
    """Return the spans that are compared, and the time before them as one span, when there are more."""
    kept = history[-MAX_SPANS:]
    if len(kept) == len(history):
        return kept, ()
    return kept, (Span(history[0].percentage, history[0].since, kept[0].since),)


def spans(moves: Sequence[tuple[datetime, Decimal]]) -> list[Span]:
    """Return the spans between moves; a move to the percentage that is in force is none."""
    kept: list[tuple[datetime, Decimal]] = []
    for at, percentage in moves:
        if not kept or kept[-1][1] != percentage:
            kept.append((at, percentage))
    ends = [*(at for at, _ in kept[1:]), None] if kept else []
    return [Span(percentage, at, until) for (at, percentage), until in zip(kept, ends, strict=True)]
