"""Where a ramp stands, for API and admin alike: its steps, what is next and when, and what that waits for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flags.usage.counts import evaluated_since
from flagsite.lib import clock
from rollouts.models import Ramp, Step
from rollouts.querysets import planned
from rollouts.schedule import WaitsFor, waits_for
from rollouts.wording import duration_in_words, percent


@dataclass(frozen=True)
class Next:
    """The next step: its place and percentage, when it is due at the earliest, and what it waits for besides."""

    step: Step
    due_at: datetime
    waits: WaitsFor | None
    evaluations: int

    @property
    def sentence(self) -> str:
        """Return what is next, in a sentence."""
        goes = f"{percent(self.step.percentage)}"
        match self.waits:
            case WaitsFor.EVALUATIONS:
                return f"{goes} after {self.step.min_evaluations:,} evaluations; {self.evaluations:,} are counted."
            case WaitsFor.CONFIRMATION:
                return f"{goes} when somebody says so."
            case WaitsFor.TIME:
                return f"{goes} in {duration_in_words(self.due_at - clock.now())}."
        return f"{goes} now."


@dataclass(frozen=True)
class Standing:
    """A ramp's steps and what is next; None when nothing is: it is over, held, or at its last step."""

    ramp: Ramp
    steps: list[Step]
    next: Next | None

    @property
    def watches_until(self) -> datetime | None:
        """Return until when guardrails look on after the last step."""
        is_last = self.ramp.status == Ramp.Status.RUNNING and self.ramp.position == len(self.steps) - 1
        return self.ramp.due_at if is_last and self.ramp.watches_for > timedelta(0) else None


def standing_of(ramp: Ramp) -> Standing:
    """Return where a ramp stands now."""
    steps = list(ramp.steps.all())
    if ramp.status != Ramp.Status.RUNNING or ramp.position + 1 >= len(steps):
        return Standing(ramp, steps, None)
    plan = planned(steps)[ramp.position + 1]
    state = ramp.state
    counted = evaluated_since(state.environment_id, state.flag.key, ramp.stepped_at) if plan.min_evaluations else 0
    waits = waits_for(plan, stepped_at=ramp.stepped_at, now=clock.now(), evaluations=counted)
    return Standing(ramp, steps, Next(steps[ramp.position + 1], plan.due_at(ramp.stepped_at), waits, counted))
