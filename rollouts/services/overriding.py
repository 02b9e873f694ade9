"""Changes by hand of what a ramp moves: the ramp gives way, and says why."""

from django.db import transaction

from accounts.actors import Actor, Source
from rollouts.errors import RuleNotFound
from rollouts.models import Ramp
from rollouts.querysets import last_change, lock_ramp, ramps
from rollouts.services.stopping import pause
from rollouts.target import Target
from rollouts.wording import percent


def overridden(ramp: Ramp) -> str | None:
    """Return in a sentence what somebody has changed of what the ramp moves; None when nothing is."""
    target = Target(ramp.state, ramp.rule)
    expected = ramp.percentage_before if ramp.percentage is None else ramp.percentage
    try:
        found = target.percentage
    except RuleNotFound:
        return f"The rule is gone{_by_whom(ramp)}."
    if found != expected:
        before = "the ramp had set" if ramp.percentage is not None else "it had been"
        what = f"{target} was set to {percent(found)} by hand{_by_whom(ramp)}; {before} {percent(expected)}."
        return what[0].upper() + what[1:]
    if not ramp.state.enabled and not (ramp.turns_on and ramp.position < 0):
        return f"The flag was turned off{_by_whom(ramp)}."
    return None


def _by_whom(ramp: Ramp) -> str:
    change = last_change(ramp.state)
    return f", by {change.revision.actor_label} in revision {change.number}" if change else ""


def pause_overridden() -> int:
    """Pause every running ramp whose rollout somebody has changed by hand; return how many."""
    rows = ramps().filter(status=Ramp.Status.RUNNING)
    return sum(_pause(ramp) for ramp in rows if overridden(ramp) is not None)


@transaction.atomic
def _pause(ramp: Ramp) -> bool:
    held = lock_ramp(ramp)
    reason = overridden(held) if held.status == Ramp.Status.RUNNING else None
    if reason is None:
        return False
    pause(held, by=Actor.system("ramp", source=Source.RAMP), reason=reason)
    return True
