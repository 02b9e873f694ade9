"""Going back: what rolls a ramp back, by hand or by a guardrail. An emergency: nobody has to approve it."""

from decimal import Decimal

from accounts.actors import Actor, Clearance
from rollouts.models import Occurrence, Ramp
from rollouts.services.log import audited, keep, put_down
from rollouts.services.moving import set_percentage, take_step
from rollouts.services.stopping import end, pause
from rollouts.wording import percent


def retreat(ramp: Ramp, percentage: Decimal, *, by: Actor, reason: str, turns_off: bool = False) -> None:
    """End the (locked) ramp at a percentage that is set at once; `turns_off` turns the flag off as well."""
    old = audited(ramp)
    urgent = by.cleared(Clearance(approved_by=ramp.approved_by, is_emergency=True))
    what = "Turned the flag off" if turns_off else f"Rolled back to {percent(percentage)}"
    moved = set_percentage(
        ramp, percentage, by=urgent, comment=f"{what}: {reason}", enabled=False if turns_off else None
    )
    end(ramp, Ramp.Status.ROLLED_BACK, reason=reason)
    put_down(
        ramp,
        Occurrence.Kind.ROLLED_BACK,
        by=by,
        text=f"{what}: {reason}",
        percentage_before=moved.percentage_before,
        percentage=percentage,
        revision=moved.revision,
    )
    keep(ramp, old=old, by=by, comment=reason)


def step_back(ramp: Ramp, *, by: Actor, reason: str) -> None:
    """Take the (locked) ramp to the step before, and pause it; from the first step it is rolled back to 0 %."""
    if ramp.position < 1:
        retreat(ramp, Decimal(0), by=by, reason=reason)
        return
    take_step(ramp, ramp.position - 1, by=by.cleared(Clearance(is_emergency=True)), comment=reason)
    pause(ramp, by=by, reason=reason)
