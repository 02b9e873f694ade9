"""What a person does with a ramp: pause, resume, advance or jump, change, stop, roll back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.actors import Actor, Clearance
from accounts.permissions import require
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, StaleVersion
from flagsite.lib.tracing import traced
from rollouts.errors import RampOverridden, WrongMoment
from rollouts.guardrails.document import read_guardrails
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import lock_ramp, planned
from rollouts.services.log import actor_of, audited, audited_whole, keep, put_down
from rollouts.services.moving import mark_passed, plan_next, take_step
from rollouts.services.overriding import overridden, take_over
from rollouts.services.retreating import retreat
from rollouts.services.starting import (
    begin,
    check_comment,
    check_ground,
    had_a_hand,
    write_guardrails,
    write_steps,
)
from rollouts.services.stopping import pause, stop
from rollouts.steps import percentages, read_steps
from rollouts.target import Target


@traced
@transaction.atomic
def pause_ramp(ramp: Ramp, *, by: Actor, if_version: int | None = None, comment: str = "") -> Ramp:
    """Take no step until somebody resumes it; who is inside stays inside, and guardrails go on.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        WrongMoment: when it does not run.
    """
    held = _held(ramp, by, if_version, Ramp.Status.RUNNING)
    pause(held, by=by, reason=comment or f"by {by.label}")
    return held


@traced
@transaction.atomic
def resume_ramp(ramp: Ramp, *, by: Actor, if_version: int | None = None, comment: str = "") -> Ramp:
    """Go on from where the flag stands now: what somebody changed by hand meanwhile is taken over.

    The next step is the first above the present percentage. Delays count from now; a step whose moment has passed is
    taken at once.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        InvalidInput: when the rule is gone, the flag is off, or its guardrails cannot watch it any more.
        WrongMoment: when it is not paused.
    """
    held = _held(ramp, by, if_version, Ramp.Status.PAUSED)
    target = Target(held.state, held.rule)
    check_ground(target, read_guardrails([row.document for row in held.guardrails.all()]))
    old, present = audited(held), target.percentage
    if held.has_begun:
        if not held.state.enabled:
            raise InvalidInput.at("", "The flag is off: turn it on first.")
        steps, since = list(held.steps.all()), held.position
        held.percentage = present
        held.position = max((each.position for each in steps if each.percentage <= present), default=-1)
        mark_passed(steps, held.position, since=since)
    else:
        held.percentage_before = present
    held.status, held.reason, held.buckets = Ramp.Status.RUNNING, "", target.buckets
    take_over(held)
    put_down(held, Occurrence.Kind.RESUMED, by=by, text="Resumed", percentage=target.effective)
    keep(held, old=old, by=by, comment=comment)
    begin(held)
    return held


@traced
def advance_ramp(
    ramp: Ramp, *, by: Actor, step: int | None = None, if_version: int | None = None, comment: str = ""
) -> Ramp:
    """Take the next step now, whatever it waits for; or jump to another step, forward or back.

    Args:
        ramp: the ramp.
        by: who says so.
        step: the number of the step to go to, from 1; None: the next.
        if_version: refuse when the ramp is at another version.
        comment: why.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        InvalidInput: at `step`, when there is no such step, or the ramp is there already; at `comment`, where the
            environment is protected and nobody says why.
        RampOverridden: when somebody has changed by hand what it moves; it is paused now.
        WrongMoment: when it does not run.
    """
    with transaction.atomic():
        held = _held(ramp, by, if_version, Ramp.Status.RUNNING)
        reason = overridden(held)
        if reason is None:
            _advance(held, by=by, step=step, comment=comment)
            return held
        pause(held, by=actor_of(held), reason=reason)
    raise RampOverridden(reason)  # after the transaction: the pause stays


def _advance(held: Ramp, *, by: Actor, step: int | None, comment: str) -> None:
    check_comment(held.state.environment, comment)
    place, number = held.position + 1 if step is None else step - 1, held.steps.count()
    if not 0 <= place < number:
        raise InvalidInput.at("step", f"The ramp has {number} steps, and stands at {held.position + 1}.")
    if place == held.position:
        raise InvalidInput.at("step", f"The ramp is at step {step} already.")
    take_step(held, place, by=by.cleared(Clearance(approved_by=held.approved_by)), comment=comment)


@traced
@transaction.atomic
def change_ramp(
    ramp: Ramp,
    *,
    by: Actor,
    steps: Any = None,
    guardrails: Any = None,
    watch_for: timedelta | None = None,
    if_version: int | None = None,
    comment: str = "",
) -> Ramp:
    """Replace the steps that are still to come, the guardrails, or both.

    Where the environment requires approval, the changed ramp waits for a new one. A call that changes nothing writes
    nothing.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        InvalidInput: naming each place that is wrong.
        WrongMoment: when it is over.
    """
    held = _held(ramp, by, if_version, *Ramp.ACTIVE)
    check_comment(held.state.environment, comment)
    old = audited_whole(held)
    if steps is not None:
        wanted = read_steps(steps, now=clock.now(), above=held.percentage)
        held.steps.filter(position__gt=held.position).delete()
        write_steps(held, wanted, first=held.position + 1)
    if guardrails is not None:
        watches = read_guardrails(guardrails)
        check_ground(Target(held.state, held.rule), watches)
        write_guardrails(held, watches)
    held.watches_for = held.watches_for if watch_for is None else watch_for
    changed = _what_changed(old, held)
    if not changed:
        return held
    had_a_hand(held, by)
    put_down(held, Occurrence.Kind.CHANGED, by=by, text=f"Changed: {changed}")
    if held.state.environment.requires_approval and by.user is not None:
        held.status, held.due_at, held.approved_by = Ramp.Status.AWAITING_APPROVAL, None, ""
    elif held.status == Ramp.Status.RUNNING:
        plan_next(held, planned(held.steps.all()))
        if held.due_at is not None:
            held.due_at = max(held.due_at, clock.now())  # nobody is late for what is asked now
    keep(held, old=old, new=audited_whole(held), by=by, comment=comment)
    return held


def _what_changed(old: dict[str, Any], ramp: Ramp) -> str:
    told, new = [], audited_whole(ramp)
    if new["steps"] != old["steps"]:
        told.append(percentages(planned(ramp.steps.all())))
    if new["guardrails"] != old["guardrails"]:
        told.append(" ".join(map(str, read_guardrails(new["guardrails"]))) or "no guardrails any more")
    if new["watch_for"] != old["watch_for"]:
        told.append(f"watched for {new['watch_for']} after the last step")
    return "; ".join(told)


@traced
@transaction.atomic
def stop_ramp(ramp: Ramp, *, by: Actor, if_version: int | None = None, comment: str = "") -> Ramp:
    """End the ramp where it stands; who is inside stays inside.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        WrongMoment: when it is over.
    """
    held = _held(ramp, by, if_version, *Ramp.ACTIVE)
    stop(held, by=by, reason=comment)
    return held


@traced
@transaction.atomic
def roll_back_ramp(ramp: Ramp, *, by: Actor, if_version: int | None = None, comment: str = "") -> Ramp:
    """Let nobody in any more: 0 %, at once, whatever the environment asks for otherwise; the ramp is over.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when `if_version` is given and is not the present one.
        WrongMoment: when it was never begun, or is over for another reason than that it was finished.
    """
    held = _held(ramp, by, if_version, *Ramp.ACTIVE, Ramp.Status.FINISHED)
    if held.status == Ramp.Status.AWAITING_APPROVAL and not held.has_begun:
        raise WrongMoment("The ramp has changed nothing yet: stop it instead.")
    retreat(held, Decimal(0), by=by, reason=comment or f"by {by.label}")
    return held


def _held(ramp: Ramp, by: Actor, if_version: int | None, *statuses: str) -> Ramp:
    """Return the ramp locked, when the actor may change it and it is one of these."""
    require(by, Ability.EDIT, ramp.state.environment.project)
    held = lock_ramp(ramp)
    StaleVersion.unless(if_version, present=held.version, what="ramp")
    if held.status not in statuses:
        since = f" since {held.ended_at:%Y-%m-%d %H:%M} UTC" if held.ended_at else ""
        raise WrongMoment(f"The ramp {held.stands}{since}: this cannot be done with it now.")
    return held
