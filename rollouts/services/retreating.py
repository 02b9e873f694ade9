"""Going back: what rolls a ramp back, by hand or by a guardrail. An emergency: nobody has to approve it.

Going back never lets anybody in: where somebody has set less by hand than the step before had, that is gone by.
"""

from decimal import Decimal

from accounts.actors import Actor, Clearance
from flags.services import FlagFields
from rollouts.models import Occurrence, Ramp
from rollouts.services.log import audited, keep, put_down
from rollouts.services.moving import change_flag, set_percentage, take_step
from rollouts.services.stopping import end, pause
from rollouts.target import Target
from rollouts.wording import percent


def retreat(ramp: Ramp, percentage: Decimal, *, by: Actor, reason: str, turns_off: bool = False) -> None:
    """End the (locked) ramp at a percentage that is set at once; `turns_off` turns the flag off as well.

    Of a rule that is gone there is no percentage left to set.
    """
    old = audited(ramp)
    urgent = by.cleared(Clearance(approved_by=ramp.approved_by, is_emergency=True))
    what = "Turned the flag off" if turns_off else f"Rolled back to {percent(percentage)}"
    comment, off = f"{what}: {reason}", False if turns_off else None
    if Target(ramp.state, ramp.rule).is_gone:
        left: FlagFields = {"enabled": False} if turns_off else {}
        moved = change_flag(ramp, left, by=urgent, comment=comment)
    else:
        moved = set_percentage(ramp, percentage, by=urgent, comment=comment, enabled=off)
    end(ramp, Ramp.Status.ROLLED_BACK, reason=reason)
    put_down(
        ramp,
        Occurrence.Kind.ROLLED_BACK,
        by=by,
        text=comment,
        percentage_before=moved.percentage_before,
        percentage=percentage,
        revision=moved.revision,
    )
    keep(ramp, old=old, by=by, comment=reason)


def step_back(ramp: Ramp, *, by: Actor, reason: str) -> None:
    """Take the (locked) ramp to the last step below where it stands, and hold it; where there is none, to 0 %."""
    present = Target(ramp.state, ramp.rule).effective
    places = [step.position for step in ramp.steps.all() if step.percentage < present]
    place = max((each for each in places if each <= ramp.position), default=None)
    if place is None:
        retreat(ramp, Decimal(0), by=by, reason=reason)
        return
    take_step(ramp, place, by=by.cleared(Clearance(is_emergency=True)), comment=reason)
    if ramp.status == Ramp.Status.RUNNING:  # what is held already stays so: another approval is still waited for
        pause(ramp, by=by, reason=reason)
