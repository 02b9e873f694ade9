"""Telling that a step waits: for somebody's word as soon as its time has come, for anything else past a limit.

Once for each step; it is no change of the ramp.
"""

from datetime import datetime

from django.db import transaction

from flagsite.lib import clock
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import lock_ramp, planned, waiting_ramps
from rollouts.schedule import TOLD_AFTER, PlannedStep, WaitsFor
from rollouts.services.log import actor_of, put_down
from rollouts.services.overriding import safely
from rollouts.standing import counted_of, wait_of
from rollouts.wording import duration_in_words, percent


def tell_waiting() -> int:
    """Tell of each step that waits and has not been told of; return of how many."""
    return sum(safely(_tell, ramp) for ramp in waiting_ramps(clock.now()))


def _tell(ramp: Ramp) -> bool:
    return _wait_to_tell(ramp, clock.now()) is not None and _tell_held(ramp)


@transaction.atomic
def _tell_held(ramp: Ramp) -> bool:
    held, now = lock_ramp(ramp), clock.now()
    if held.status != Ramp.Status.RUNNING or held.told_at is None or held.told_at > now:
        return False  # somebody else has told it, or moved the ramp
    waits = _wait_to_tell(held, now)
    if waits is None:
        return False
    steps = planned(held.steps.all())
    place = held.position + 1
    step = steps[place]
    put_down(
        held,
        Occurrence.Kind.WAITING,
        by=actor_of(held),
        text=f"Step {place + 1} of {len(steps)}, {percent(step.percentage)}, {_in_words(held, step, waits, now)}",
        details={"step": place + 1, "of": len(steps), "waits_for": waits},
    )
    held.told_at = None
    held.save(update_fields=["told_at"])
    return True


def _wait_to_tell(ramp: Ramp, now: datetime) -> WaitsFor | None:
    """Return what the next step waits for, when that is worth telling now."""
    following = ramp.steps.filter(position=ramp.position + 1).first()
    if following is None:
        return None
    (step,) = planned([following])
    waits = wait_of(ramp, step, now=now)
    is_long = now >= step.due_at(ramp.stepped_at) + TOLD_AFTER
    return waits if waits is WaitsFor.CONFIRMATION or is_long else None


def _in_words(ramp: Ramp, step: PlannedStep, waits: WaitsFor, now: datetime) -> str:
    if waits is WaitsFor.CONFIRMATION:
        return "waits for somebody’s word"
    so_long = f"has waited {duration_in_words(now - step.due_at(ramp.stepped_at))}"
    if waits is WaitsFor.EVALUATIONS:
        return f"{so_long} for {step.min_evaluations:,} evaluations; {counted_of(ramp):,} were counted"
    return f"{so_long} for an answer of every guardrail"
