"""Where a ramp stands, for API and admin alike: its steps, what is next and when, and what that waits for."""

from dataclasses import dataclass
from datetime import datetime

from flags.usage.counts import evaluated_since
from flagsite.lib import clock
from rollouts.models import Ramp, Step
from rollouts.querysets import planned, unwatched
from rollouts.schedule import PlannedStep, WaitsFor, waits_for


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
    waits = wait_of(ramp, plan, now=clock.now())
    return Standing(ramp, steps, Next(steps[ramp.position + 1], plan.due_at(ramp.stepped_at), waits))


def wait_of(ramp: Ramp, following: PlannedStep, *, now: datetime) -> WaitsFor | None:
    """Return what the next step of a running ramp waits for now; None: it can be taken."""
    counted = counted_of(ramp) if following.min_evaluations else 0
    waits = waits_for(following, stepped_at=ramp.stepped_at, now=now, evaluations=counted)
    if waits is None and ramp.has_begun and unwatched(ramp, now):
        return WaitsFor.GUARDRAIL
    return waits


def counted_of(ramp: Ramp) -> int:
    """Return how often the flag was evaluated since the ramp's last step."""
    return evaluated_since(ramp.state.environment_id, ramp.state.flag.key, ramp.stepped_at)
