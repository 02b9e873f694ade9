"""A ramp's steps as its page shows them: taken, passed over, next, to come; each with its moment and its revision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from flags.models import RevisionItem
from rollouts.admin.summary import moment, waits_in_words
from rollouts.models import Occurrence, Ramp, Step
from rollouts.querysets import planned
from rollouts.wording import duration_in_words, percent

WORDS = {
    "taken": "Taken",
    "now": "Now",
    "skipped": "Passed over",
    "next": "Next",
    "pending": "To come",
    "left": "Not taken",
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
    steps, found = list(ramp.steps.all()), list[Stop]()
    last = ramp.stepped_at
    for step, plan in zip(steps, planned(steps), strict=True):
        kind = _kind(ramp, step)
        at, when = step.taken_at, ""
        if kind in {"next", "pending"}:
            last = max(last, plan.due_at(last))
            at, when = (last, moment(last)) if ramp.status == Ramp.Status.RUNNING else (None, _relative(step))
        elif at is not None:
            when = moment(at)
        address = revisions.get(step.revision, "") if step.revision else ""
        found.append(
            Stop(
                step.position + 1,
                percent(step.percentage),
                kind,
                WORDS[kind],
                when,
                at,
                waits_in_words(plan) if kind in {"next", "pending"} else "",
                address,
                step.revision,
            )
        )
    return found


def _kind(ramp: Ramp, step: Step) -> str:
    if step.outcome == Step.Outcome.SKIPPED:
        return "skipped"
    if step.outcome == Step.Outcome.TAKEN:
        return "now" if ramp.is_active and step.position == ramp.position else "taken"
    if not ramp.is_active:
        return "left"
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
