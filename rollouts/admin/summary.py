"""Where a ramp stands, in a few sentences and a bar: for the flag's page, the list, the home page and its own. Pure.

It asks no database: the ramp comes with its steps, and how many evaluations were counted is handed in by who knows it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from flags.documents import percentage_number
from rollouts.models import Ramp, Step
from rollouts.querysets import planned
from rollouts.schedule import PlannedStep
from rollouts.target import Target
from rollouts.wording import duration_in_words, percent

COLOURS: Final = {
    Ramp.Status.AWAITING_APPROVAL: "warning",
    Ramp.Status.RUNNING: "info",
    Ramp.Status.PAUSED: "warning",
    Ramp.Status.FINISHED: "success",
    Ramp.Status.STOPPED: "",
    Ramp.Status.ROLLED_BACK: "danger",
}


@dataclass(frozen=True)
class Summary:
    """A ramp in brief.

    `where` says where it stands, `following` what is next and when (empty: nothing), `why` the reason why it does not
    go on (empty: it does).
    """

    label: str
    colour: str
    percentage: float
    marks: tuple[float, ...]
    where: str
    following: str
    why: str
    begun: bool

    @property
    def bar(self) -> str:
        """Return the colour of the bar: that of the status, quiet where the ramp has not moved anything."""
        return self.colour if self.begun and self.colour else "quiet"

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return all that there is to say."""
        return tuple(sentence for sentence in (self.where, self.following, self.why) if sentence)


def summary_of(ramp: Ramp, *, now: datetime, evaluations: int | None = None) -> Summary:
    """Return a ramp in brief; its steps have been fetched.

    Args:
        ramp: the ramp.
        now: the present moment.
        evaluations: how many were counted since the last step, where the next waits for some; None: nobody knows.
    """
    steps, status = list(ramp.steps.all()), Ramp.Status(ramp.status)
    return Summary(
        label=status.label,
        colour=COLOURS[status],
        percentage=float(percentage_number(stands_at(ramp))),
        marks=tuple(float(step.percentage) for step in steps),
        where=_where(ramp, status, len(steps)),
        following=_following(ramp, steps, now, evaluations),
        why=_why(ramp, status),
        begun=ramp.has_begun,
    )


def stands_at(ramp: Ramp) -> Decimal:
    """Return the percentage at which the flag stands, or the ramp left it; before its first step, what was there."""
    if ramp.percentage is not None:
        return Target(ramp.state, ramp.rule).effective if ramp.is_active else ramp.percentage
    return ramp.percentage_before if ramp.state.enabled else Decimal(0)


def _where(ramp: Ramp, status: Ramp.Status, number: int) -> str:
    at, begun = percent(stands_at(ramp)), ramp.has_begun
    match status:
        case Ramp.Status.AWAITING_APPROVAL:
            if begun:
                return f"At {at}; what was changed of it waits for an approval."
            return f"{ramp.author_label} asks for an approval; nothing has been changed yet."
        case Ramp.Status.STOPPED if not begun:
            return "Stopped before its first step."
        case Ramp.Status.FINISHED | Ramp.Status.STOPPED | Ramp.Status.ROLLED_BACK:
            return f"{status.label} {'to' if status == Ramp.Status.ROLLED_BACK else 'at'} {at}."
    return f"At {at}, step {ramp.position + 1} of {number}." if begun else "Its first step has not been taken."


def _following(ramp: Ramp, steps: Sequence[Step], now: datetime, evaluations: int | None) -> str:
    if ramp.status != Ramp.Status.RUNNING:
        return ""
    if ramp.position + 1 >= len(steps):
        return f"Guardrails look on until {moment(ramp.due_at)}." if ramp.due_at and ramp.due_at > now else ""
    step, (plan,) = steps[ramp.position + 1], planned(steps[ramp.position + 1 : ramp.position + 2])
    due, goes = plan.due_at(ramp.stepped_at), f"Next: {percent(step.percentage)}"
    holds = list(_holds(step, evaluations))
    if due > now:
        holds.insert(0, f"{moment(due)}, in {_until(due - now)}")
        return f"{goes} at {', then '.join(holds)}."
    if holds:
        return f"{goes} {' and '.join(holds)}."
    is_held = ramp.has_begun and ramp.held_at is not None
    return f"{goes} when every guardrail has an answer." if is_held else f"{goes}, at any moment."


def _holds(step: Step, evaluations: int | None) -> list[str]:
    found = []
    if step.min_evaluations and (evaluations is None or evaluations < step.min_evaluations):
        counted = "" if evaluations is None else f" ({evaluations:,} so far)"
        found.append(f"after {step.min_evaluations:,} evaluations{counted}")
    if step.needs_confirmation:
        found.append("when somebody says so")
    return found


def waits_in_words(step: PlannedStep) -> str:
    """Return what a step waits for besides its time; nothing when it does not."""
    waits = [f"{step.min_evaluations:,} evaluations"] * bool(step.min_evaluations)
    waits += ["a person’s word"] * step.needs_confirmation
    return f"waits for {' and '.join(waits)}" if waits else ""


def _why(ramp: Ramp, status: Ramp.Status) -> str:
    if status in {Ramp.Status.RUNNING, Ramp.Status.FINISHED} or not ramp.reason:
        return ""
    reason = ramp.reason[0].upper() + ramp.reason[1:]
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def _until(left: timedelta) -> str:
    """Return how long there is, to the minute while that is exact enough: nobody wants seconds of an hour."""
    minutes = math.ceil(left / timedelta(minutes=1))
    return duration_in_words(left if minutes <= 2 else timedelta(minutes=minutes))  # noqa: PLR2004 - soon


def moment(at: datetime) -> str:
    """Return a moment as the desk writes it."""
    return f"{at:%-d %b, %H:%M} UTC"
