"""A guardrail on events: who of those inside and outside had one, and what follows.

Events carry a context's id. Whether it was inside is decided by the engine's buckets and the percentage that was in
force when the event happened: everybody is compared as the rollout meant to treat them, also those whom a target or
another rule decides for. That moves no false alarms; it only makes harm to a few harder to see.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Min
from flagsite_sdk.engine.bucketing import bucket

from flags.models import FlagState, TrackedEvent
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.stages import Span
from rollouts.guardrails.watch import DEFAULT_SAMPLE, EventMetric, Threshold, Watch, WorseThanOthers
from rollouts.models import Verdict
from rollouts.statistics import (
    Direction,
    Tally,
    evidence,
    evidence_needed,
    is_alarm,
    is_split_wrong,
    judge_share,
    risk_ratio_band,
    split_evidence,
)
from rollouts.statistics import Finding as Judged
from rollouts.statistics.comparison import buckets_of

MAX_CONTEXTS: Final = 200_000
"""Contexts of one stage that are looked at, the first of them: those of a busier stage add nothing to the verdict."""

_EVERYBODY: Final = Decimal(100)


def look(watch: Watch, metric: EventMetric, state: FlagState, spans: Sequence[Span], *, now: datetime) -> Finding:
    """Return what the events say now."""
    if not spans:
        return Finding(Verdict.UNDECIDED, "Nobody is inside.")
    match watch.condition:
        case Threshold() as threshold:
            return _judge_share(metric, threshold, state, spans[-1], now=now)
        case WorseThanOthers() as comparison:
            return _compare(metric, comparison, state, spans)


def _judge_share(metric: EventMetric, threshold: Threshold, state: FlagState, span: Span, *, now: datetime) -> Finding:
    since = max(span.since, now - threshold.window)
    inside = buckets_of(float(span.percentage))
    of = {each for each in _contexts(state, metric.per, since) if _bucket(state, each) < inside}
    bad = {each for each in _contexts(state, metric.event, since, above=metric.above) if _bucket(state, each) < inside}
    figures = {"inside": _side(len(bad), len(of)), "limit": threshold.limit, "sample": threshold.sample}
    judged = judge_share(len(bad), len(of), limit=threshold.limit, is_above=threshold.is_upper, sample=threshold.sample)
    if judged is Judged.TOO_FEW:
        text = f"{len(of):,} of the {threshold.sample:,} users inside that are needed have “{metric.per}”."
        return Finding(Verdict.UNDECIDED, text, figures)
    text = f"{_percent(len(bad), len(of))} of {len(of):,} users inside; the limit is {100 * threshold.limit:.4g} %."
    return Finding(Verdict.CROSSED if judged is Judged.CROSSED else Verdict.HEALTHY, text, figures)


def _compare(metric: EventMetric, comparison: WorseThanOthers, state: FlagState, spans: Sequence[Span]) -> Finding:
    of, of_sides = _tally(state, metric.per, spans)
    bad, bad_sides = _tally(state, metric.event, spans, above=metric.above)
    epoch = bad.comparison.epoch
    found = evidence(bad.stages, worse=metric.worse)
    band = risk_ratio_band(bad.stages, error=0.05)
    figures: dict[str, Any] = {
        "inside": _side(bad_sides[0], of_sides[0]),
        "outside": _side(bad_sides[1], of_sides[1]),
        "evidence": min(found, 1e300),
        "needed": evidence_needed(comparison.false_alarms, epoch=epoch),
        "ratio": {"low": band.low, "estimate": band.estimate, "high": band.high},
    }
    split = split_evidence(of.stages)
    if is_split_wrong(split, epoch=of.comparison.epoch):
        text = (
            f"Of those with “{metric.per}”, {_shares(of)} are inside. Either users inside are lost before they "
            "report it, or ids of events are not those that the flag is asked with."
        )
        return Finding(Verdict.MISMATCHED, text, figures)
    if not any(of_sides):
        return Finding(Verdict.UNDECIDED, f"Nobody has “{metric.per}” since the last step.", figures)
    text = (
        f"{_percent(bad_sides[0], of_sides[0])} of {of_sides[0]:,} users inside, "
        f"{_percent(bad_sides[1], of_sides[1])} of {of_sides[1]:,} outside."
    )
    if is_alarm(found, false_alarms=comparison.false_alarms, epoch=epoch):
        side = "fewer" if metric.worse is Direction.FEWER else "more"
        return Finding(Verdict.CROSSED, f"{text} That is {side} by more than chance.", figures)
    if spans[-1].percentage == _EVERYBODY:
        return Finding(Verdict.UNDECIDED, f"{text} Everybody is inside: there is nobody to compare with.", figures)
    if min(of_sides) < DEFAULT_SAMPLE:
        return Finding(Verdict.UNDECIDED, f"{text} That is too few to tell.", figures)
    return Finding(Verdict.HEALTHY, f"{text} That is no more than chance.", figures)


def _tally(
    state: FlagState, event: str, spans: Sequence[Span], *, above: float | None = None
) -> tuple[Tally, tuple[int, int]]:
    """Return the contexts with an event stage by stage, and how many are inside and outside in the present one."""
    tally = Tally(float(spans[0].percentage))
    sides = (0, 0)
    for span in spans:
        tally.move(float(span.percentage))
        inside, seen = buckets_of(float(span.percentage)), [0, 0]
        for context in _contexts(state, event, span.since, span.until, above=above):
            place = _bucket(state, context)
            tally.note(context, place)
            seen[place >= inside] += 1
        sides = (seen[0], seen[1])
    return tally, sides


def _contexts(
    state: FlagState, event: str, since: datetime, until: datetime | None = None, *, above: float | None = None
) -> Iterator[str]:
    """Return the ids with the event in a time, each once, the first first."""
    rows = TrackedEvent.objects.filter(environment=state.environment_id, name=event, time__gte=since)
    if until is not None:
        rows = rows.filter(time__lt=until)
    if above is not None:
        rows = rows.filter(value__gt=above)
    firsts = rows.order_by().values("context_id").annotate(first=Min("time")).order_by("first", "context_id")
    return (row["context_id"] for row in firsts[:MAX_CONTEXTS].iterator(chunk_size=5_000))


def _bucket(state: FlagState, context_id: str) -> int:
    return bucket(state.salt, "rollout", context_id)


def _side(bad: int, of: int) -> dict[str, Any]:
    return {"bad": bad, "of": of, "share": bad / of if of else None}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "none"


def _shares(tally: Tally) -> str:
    """Return how many were inside of those that count, and how many should be, in the latest stage that tells."""
    stage = next((stage for stage in reversed(tally.stages) if stage.contexts), None)
    if stage is None:
        return "none"
    return f"{_percent(stage.inside, stage.contexts)} instead of {100 * stage.share:.3g} %"
