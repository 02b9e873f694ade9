"""A ramp's steps as its page shows them: taken, passed over, next, to come; each with its moment and its revision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from flags.models import RevisionItem
from flagsite.lib import clock
from rollouts.admin.summary import moment, waits_in_words
from rollouts.models import Occurrence, Ramp, Step
from rollouts.querysets import planned
from rollouts.schedule import PlannedStep
from rollouts.wording import duration_in_words, percent

WORDS = {
    "taken": "Taken",
    "now": "Now",
    "skipped": "Passed over",
    "next": "Next",
    "pending": "To come",
    "left": "Not taken",
    "back": "Taken, then gone back",
}


@dataclass(frozen=True)
class Stop:
    """A step: what has become of it, when, and what it waits for."""

    number: int
    percentage: str
    kind: str
    word: str
    when: str
    at: datetime | None
    holds: str
    address: str
    """Of the revision that the step made; empty: there is none."""
    revision: int | None


def timeline_of(ramp: Ramp, revisions: dict[int, str]) -> list[Stop]:
    """Return a ramp's steps in order; `revisions` are the addresses of revisions by number."""
    steps = list(ramp.steps.all())
    plans, now = planned(steps), clock.now()
    expected = _expected(ramp, plans, now)
    return [
        _stop(ramp, step, plan, expected.get(step.position), revisions) for step, plan in zip(steps, plans, strict=True)
    ]


def _stop(
    ramp: Ramp, step: Step, plan: PlannedStep, expected: tuple[datetime | None, str] | None, revisions: dict[int, str]
) -> Stop:
    kind = _kind(ramp, step)
    at, when, holds = step.taken_at, moment(step.taken_at) if step.taken_at else "", ""
    if kind in {"next", "pending"}:
        at, when = expected or (None, _relative(step))
        holds = "; ".join(filter(None, (waits_in_words(plan), "was taken, then gone back" * bool(step.taken_at))))
    return Stop(
        step.position + 1,
        percent(step.percentage),
        kind,
        WORDS[kind],
        when,
        at,
        holds,
        revisions.get(step.revision, "") if step.revision else "",
        step.revision,
    )


def _expected(ramp: Ramp, plans: Sequence[PlannedStep], now: datetime) -> dict[int, tuple[datetime | None, str]]:
    """Return by place when each step to come is expected, and in words; nothing of a ramp that takes none.

    After a step that waits for more than time nobody knows a date: it is told from that step on.
    """
    found: dict[int, tuple[datetime | None, str]] = {}
    last, after, so_long = ramp.stepped_at, "", timedelta(0)
    for place in range(ramp.position + 1, len(plans)) if ramp.status == Ramp.Status.RUNNING else ():
        plan = plans[place]
        so_long += plan.after or timedelta(0)
        if plan.at is not None or not after:
            last = max(last, plan.due_at(last))
            is_over = plan.holds and last <= now
            found[place] = (last, f"since {moment(last)}" if is_over else moment(last))
        else:
            found[place] = (None, f"{after} + {duration_in_words(so_long)}" if so_long else after)
        if plan.holds:
            what = "somebody’s word" if plan.needs_confirmation else "enough evaluations"
            after, so_long = f"after {what}", timedelta(0)
    return found


def _kind(ramp: Ramp, step: Step) -> str:
    if step.outcome == Step.Outcome.SKIPPED:
        return "skipped"
    if step.outcome == Step.Outcome.TAKEN:
        return "now" if ramp.is_active and step.position == ramp.position else "taken"
    if not ramp.is_active:
        return "back" if step.taken_at else "left"
    return "next" if step.position == ramp.position + 1 else "pending"


def _relative(step: Step) -> str:
    if step.at is not None:
        return moment(step.at)
    return f"{duration_in_words(step.after)} after the one before" if step.after else "at once"


def revision_addresses(ramp: Ramp, occurrences: Iterable[Occurrence]) -> dict[int, str]:
    """Return where the history shows the revisions that a ramp made, by number, in one query."""
    state = ramp.state
    told = [*(step.revision for step in ramp.steps.all()), *(each.revision for each in occurrences)]
    numbers = {number for number in told if number is not None}
    items = RevisionItem.objects.filter(
        environment=state.environment_id, kind=RevisionItem.Kind.FLAG, key=state.flag.key, number__in=numbers
    )
    return {number: reverse("admin:flags_revision_item", args=[pk]) for pk, number in items.values_list("pk", "number")}
