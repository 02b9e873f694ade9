"""Moving a ramp's flag: the one place where a ramp changes a flag, and takes its steps when they are due.

Every move is an ordinary revision, made by `flags.services.update_flag` under the lock on the environment, in one
transaction with the ramp's own row: either both are written or neither. So any number of workers may try at once, and
be killed at any moment, and each step is taken once.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.actors import Actor
from flags.services import FlagFields, update_flag
from flagsite.lib import clock
from flagsite.lib.problems import Refusal
from flagsite.lib.tracing import traced
from rollouts import metrics
from rollouts.models import Occurrence, Ramp, Step
from rollouts.querysets import (
    due_ramps,
    is_due,
    lock_ramp,
    overdue_steps,
    planned,
    ramps_by_status,
    undecided_guardrails,
)
from rollouts.schedule import PlannedStep, WaitsFor, furthest_due, lateness
from rollouts.services.log import actor_of, audited, keep, note_held, put_down
from rollouts.services.overriding import note_overridden, overridden, pause_overridden, safely, take_over
from rollouts.services.stopping import pause
from rollouts.services.waiting import tell_waiting
from rollouts.standing import wait_of
from rollouts.target import Target
from rollouts.wording import lateness_in_words, percent, undecided_in_words


@dataclass(frozen=True)
class Moved:
    """From where a flag was moved, and the revision that did it; None: it was there already."""

    percentage_before: Decimal
    revision: int | None


def set_percentage(ramp: Ramp, percentage: Decimal, *, by: Actor, comment: str, enabled: bool | None = None) -> Moved:
    """Set the percentage of what the (locked) ramp moves; a flag is turned on or off in the same revision.

    Raises:
        RuleNotFound: when its rule is gone.
    """
    target = Target(ramp.state, ramp.rule)
    target.check()
    fields: FlagFields = target.fields_for(percentage)
    if enabled is not None:
        fields["enabled"] = enabled
    moved = change_flag(ramp, fields, by=by, comment=comment)
    ramp.percentage = percentage
    return moved


def change_flag(ramp: Ramp, fields: FlagFields, *, by: Actor, comment: str) -> Moved:
    """Change the flag of the (locked) ramp, as anybody would."""
    before, version = Target(ramp.state, ramp.rule).effective, ramp.state.version
    environment = ramp.state.environment
    state = update_flag(
        project=environment.project,
        environment=environment,
        key=ramp.state.flag.key,
        fields=fields,
        by=by,
        comment=comment,
    )
    ramp.state = state
    take_over(ramp)
    return Moved(before, None if state.version == version else state.environment.revision)


def take_step(ramp: Ramp, place: int, *, by: Actor, comment: str = "") -> None:
    """Take the (locked) ramp to the step at a place, whichever was the last; what it passes over is skipped."""
    old, now = audited(ramp), clock.now()
    steps = list(ramp.steps.all())
    step, is_last = steps[place], place == len(steps) - 1
    due_at = ramp.due_at if place > ramp.position else None  # nobody was waiting for a step back
    late = lateness(max(due_at, ramp.lacked_at or due_at), now) if due_at is not None else None
    what = "Step" if place > ramp.position else "Back to step"
    text = f"{what} {place + 1} of {len(steps)}: {percent(step.percentage)}{lateness_in_words(late)}"
    if by.user is None and place > ramp.position >= 0:
        text += undecided_in_words(undecided_guardrails(ramp))
    turned_on = True if ramp.turns_on and not ramp.has_begun else None
    moved = set_percentage(ramp, step.percentage, by=by, comment=f"{text}. {comment}".rstrip(". "), enabled=turned_on)
    _mark(steps, place, since=ramp.position, now=now, revision=moved.revision)
    if by.user is None and due_at is not None:
        metrics.stepped(now - max(due_at, ramp.held_at or due_at))  # what it waited for is no process's lateness
    ramp.position, ramp.reason = place, ""
    count_from(ramp, now, planned(steps))
    put_down(
        ramp,
        Occurrence.Kind.STEP,
        by=by,
        text=text,
        percentage_before=moved.percentage_before,
        percentage=step.percentage,
        revision=moved.revision,
        details={"step": place + 1, "of": len(steps), "late_seconds": late.total_seconds() if late else 0},
    )
    if is_last and not ramp.watches_for:
        _finish(ramp, by=by)
    keep(ramp, old=old, by=by, comment=comment)


def _mark(steps: list[Step], place: int, *, since: int, now: datetime, revision: int | None) -> None:
    steps[place].outcome, steps[place].taken_at, steps[place].revision = Step.Outcome.TAKEN, now, revision
    mark_passed(steps, place, since=since)


def mark_passed(steps: list[Step], place: int, *, since: int) -> None:
    """Write what has become of steps when a ramp stands at a place: what is passed was skipped, the rest is to come.

    What was taken and gone back from keeps its moment and its revision until it is taken again.
    """
    for step in steps:
        if since < step.position <= place and step.outcome == Step.Outcome.PENDING:
            step.outcome, step.taken_at, step.revision = Step.Outcome.SKIPPED, None, None
        elif step.position > place:
            step.outcome = Step.Outcome.PENDING
    Step.objects.bulk_update(steps, ["outcome", "taken_at", "revision"])


def count_from(ramp: Ramp, now: datetime, steps: list[PlannedStep]) -> None:
    """Let the (locked) ramp's next step be waited for from now on; the caller keeps it."""
    ramp.stepped_at, ramp.held_at, ramp.lacked_at = now, None, None
    plan_next(ramp, steps)


def plan_next(ramp: Ramp, steps: list[PlannedStep]) -> None:
    """Set when the (locked) ramp moves next by itself, and when somebody is told that it waits; None: never."""
    ramp.due_at = ramp.told_at = None
    if ramp.status != Ramp.Status.RUNNING:
        return
    if ramp.position == len(steps) - 1:
        ramp.due_at = ramp.stepped_at + ramp.watches_for
        return
    following = steps[ramp.position + 1]
    ramp.due_at = None if following.needs_confirmation else following.due_at(ramp.stepped_at)
    ramp.told_at = following.told_at(ramp.stepped_at)


def _finish(ramp: Ramp, *, by: Actor) -> None:
    ramp.status, ramp.due_at, ramp.ended_at = Ramp.Status.FINISHED, None, clock.now()
    put_down(ramp, Occurrence.Kind.FINISHED, by=by, text=f"Finished at {percent(ramp.percentage or Decimal(0))}")


@traced
def advance_due() -> int:
    """Take every step that is due, of every running ramp; return how many ramps were moved.

    A ramp that cannot be moved, because its flag refuses, is paused with the reason; the others go on.
    """
    pause_overridden()
    note_overridden()
    due = due_ramps(clock.now())
    random.shuffle(due)  # several workers have the same list: let them not wait for each other's ramps one by one
    moved = sum(safely(_advance, ramp) for ramp in due)
    tell_waiting()
    metrics.counted(ramps_by_status())
    metrics.overdue(overdue_steps(clock.now()))
    return moved


def _advance(ramp: Ramp) -> bool:
    now = clock.now()
    if not is_due(ramp, now):
        return False  # another worker has moved it: nobody needs to wait for the environment
    waits = _waits(ramp, now)
    if waits is not None:
        note_held(ramp, now, waits)
        return False
    return _advance_held(ramp)


@transaction.atomic
def _advance_held(ramp: Ramp) -> bool:
    held = lock_ramp(ramp)
    if held.status != Ramp.Status.RUNNING or held.due_at is None or held.due_at > clock.now():
        return False  # or did so while this one waited
    reason = overridden(held)
    if reason is not None:
        pause(held, by=actor_of(held), reason=reason)
        return False
    return move_if_due(held)


def move_if_due(ramp: Ramp) -> bool:
    """Take the (locked) running ramp to the step that is due now, or finish it; tell whether it was moved."""
    now, by, old = clock.now(), actor_of(ramp), audited(ramp)
    steps = planned(ramp.steps.all())
    following = ramp.position + 1
    if following == len(steps):
        _finish(ramp, by=by)
        keep(ramp, old=old, by=by)
        return True
    if _waits(ramp, now) is not None:
        return False
    try:
        with transaction.atomic():
            take_step(ramp, furthest_due(steps, following, now=now), by=by)
    except Refusal as refusal:
        ramp.refresh_from_db()
        pause(ramp, by=by, reason=f"The step could not be taken: {refusal.detail}")
        return False
    return True


def _waits(ramp: Ramp, now: datetime) -> WaitsFor | None:
    """Return what the next step waits for though its time has come.

    Where nobody knows whether those inside are well it is late, and says so when it is taken.
    """
    following = ramp.steps.filter(position=ramp.position + 1).first()
    return None if following is None else wait_of(ramp, *planned([following]), now=now)
