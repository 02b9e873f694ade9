"""A guardrail on events: what follows of who had one, inside and outside."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from rollouts.guardrails.contexts import Seen, known_before, latest_inside, tally_of
from rollouts.guardrails.finding import Finding
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

_EVERYBODY: Final = Decimal(100)
_LOST: Final = (
    "Either users inside are lost before they report it, or ids of events are not those that the flag is asked with."
)


def look(watch: Watch, metric: EventMetric, seen: Seen, *, now: datetime) -> Finding:
    """Return what the events say now."""
    if not seen.spans:
        return Finding(Verdict.UNDECIDED, "Nobody is inside.")
    match watch.condition:
        case Threshold() as threshold:
            return _judge_share(metric, threshold, seen, now=now)
        case WorseThanOthers() as comparison:
            return _compare(metric, comparison, seen)


def _judge_share(metric: EventMetric, threshold: Threshold, seen: Seen, *, now: datetime) -> Finding:
    since = max(seen.spans[-1].since, now - threshold.window)
    all_of = latest_inside(seen, metric.per, since)
    all_bad = latest_inside(seen, metric.event, since, above=metric.above)
    since = max(all_of.since, all_bad.since)  # both of the same time
    of, bad = all_of.number(since), all_bad.number(since)
    figures = {"inside": _side(bad, of), "limit": threshold.limit, "sample": threshold.sample}
    judged = judge_share(bad, of, limit=threshold.limit, is_above=threshold.is_upper, sample=threshold.sample)
    text = f"{_percent(bad, of)} of {of:,} users inside; the limit is {100 * threshold.limit:.4g} %."
    if judged is Judged.CROSSED:  # it compares nobody: harm to those who are heard is harm, whoever is not
        return Finding(Verdict.CROSSED, text, figures)
    tally, _ = tally_of(seen, metric.per)
    if _are_lost(tally):
        return Finding(
            Verdict.MISMATCHED, f"Of those with “{metric.per}”, {_shares(tally)} are inside. {_LOST}", figures
        )
    if judged is Judged.TOO_FEW:
        text = f"{of:,} of the {threshold.sample:,} users inside that are needed have “{metric.per}”."
        return Finding(Verdict.UNDECIDED, text, figures)
    return Finding(Verdict.HEALTHY, text, figures)


def _are_lost(tally: Tally) -> bool:
    """Tell whether too few of those inside are heard of. That too many are is no matter: of what is new, all are."""
    is_wrong = is_split_wrong(split_evidence(tally.stages), epoch=tally.comparison.epoch)
    return is_wrong and sum(stage.inside - stage.share * stage.contexts for stage in tally.stages) < 0


def _compare(metric: EventMetric, comparison: WorseThanOthers, seen: Seen) -> Finding:
    of, of_sides = tally_of(seen, metric.per)
    known = known_before(seen, metric.event, above=metric.above)
    bad, bad_sides = tally_of(seen, metric.event, above=metric.above, known=known)
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
        return Finding(Verdict.MISMATCHED, f"Of those with “{metric.per}”, {_shares(of)} are inside. {_LOST}", figures)
    if not any(of_sides):
        return Finding(Verdict.UNDECIDED, f"Nobody has “{metric.per}” since the last step.", figures)
    text = (
        f"{_percent(bad_sides[0], of_sides[0])} of {of_sides[0]:,} users inside, "
        f"{_percent(bad_sides[1], of_sides[1])} of {of_sides[1]:,} outside."
    )
    if is_alarm(found, false_alarms=comparison.false_alarms, epoch=epoch):
        side = "fewer" if metric.worse is Direction.FEWER else "more"
        return Finding(Verdict.CROSSED, f"{text} That is {side} by more than chance.", figures)
    if seen.spans[-1].percentage == _EVERYBODY:
        return Finding(Verdict.UNDECIDED, f"{text} Everybody is inside: there is nobody to compare with.", figures)
    if min(of_sides) < DEFAULT_SAMPLE:
        return Finding(Verdict.UNDECIDED, f"{text} That is too few to tell.", figures)
    return Finding(Verdict.HEALTHY, f"{text} That is no more than chance.", figures)


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
