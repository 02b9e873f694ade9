"""Where a ramp stands, for API and admin alike: its steps, what is next and when, and what that waits for."""

from dataclasses import dataclass
from datetime import datetime

from flags.usage.counts import evaluated_since
from flagsite.lib import clock
from rollouts.models import Ramp, Step
from rollouts.querysets import planned, unwatched
from rollouts.schedule import WaitsFor, waits_for


@dataclass(frozen=True)
class Next:
    """The next step: its place and percentage, when it is due at the earliest, and what it waits for besides."""

    step: Step
    due_at: datetime
    waits: WaitsFor | None


@dataclass(frozen=True)
class Standing:
    """A ramp's steps and what is next; None when nothing is: it is over, held, or at its last step."""

    ramp: Ramp
    steps: list[Step]
    next: Next | None


def standing_of(ramp: Ramp) -> Standing:
    """Return where a ramp stands now."""
    steps = list(ramp.steps.all())
    if ramp.status != Ramp.Status.RUNNING or ramp.position + 1 >= len(steps):
        return Standing(ramp, steps, None)
    plan = planned(steps)[ramp.position + 1]
    state = ramp.state
    counted = evaluated_since(state.environment_id, state.flag.key, ramp.stepped_at) if plan.min_evaluations else 0
    now = clock.now()
    waits = waits_for(plan, stepped_at=ramp.stepped_at, now=now, evaluations=counted)
    if waits is None and ramp.has_begun and unwatched(ramp, now):
        waits = WaitsFor.GUARDRAIL
    return Standing(ramp, steps, Next(steps[ramp.position + 1], plan.due_at(ramp.stepped_at), waits))
