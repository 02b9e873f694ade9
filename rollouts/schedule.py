"""When a ramp takes which step. Pure: steps and moments go in, the next move comes out; no clock and no database.

A delay counts from the moment at which the step before was taken, so it is a promise of how long people are watched:
after an outage the next step is taken at once, and the delays after it begin then. A moment (`at`) is a promise of
when: steps whose moments have all passed are caught up in one move, to the last of them. No move passes a step that
waits for evaluations or for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

LATE_AFTER: Final = timedelta(seconds=60)
"""A step that is taken later than this after it was due says so."""
TOLD_AFTER: Final = timedelta(minutes=15)
"""A step that has waited so long for evaluations or guardrails is told of; one that waits for a word, at once."""


class WaitsFor(StrEnum):
    """What the next step of a ramp waits for."""

    TIME = "time"
    EVALUATIONS = "evaluations"
    CONFIRMATION = "confirmation"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True)
class PlannedStep:
    """A percentage, the moment or the delay after which it is due, and what it waits for besides."""

    percentage: Decimal
    at: datetime | None = None
    after: timedelta | None = None
    min_evaluations: int = 0
    needs_confirmation: bool = False

    def due_at(self, stepped_at: datetime) -> datetime:
        """Return when the step is due, when the one before was taken at `stepped_at`."""
        return self.at if self.at is not None else stepped_at + (self.after or timedelta(0))

    def told_at(self, stepped_at: datetime) -> datetime:
        """Return when somebody is told that the step waits, if it then does."""
        return self.due_at(stepped_at) + (timedelta(0) if self.needs_confirmation else TOLD_AFTER)

    @property
    def holds(self) -> bool:
        """Tell whether time alone does not bring the step."""
        return self.needs_confirmation or self.min_evaluations > 0


def waits_for(step: PlannedStep, *, stepped_at: datetime, now: datetime, evaluations: int) -> WaitsFor | None:
    """Return what the step still waits for; None: it can be taken.

    Args:
        step: the next step.
        stepped_at: when the step before was taken, or when the ramp was started or resumed.
        now: the present moment.
        evaluations: how often the flag was evaluated since `stepped_at`.
    """
    if now < step.due_at(stepped_at):
        return WaitsFor.TIME
    if evaluations < step.min_evaluations:
        return WaitsFor.EVALUATIONS
    return WaitsFor.CONFIRMATION if step.needs_confirmation else None


def furthest_due(steps: Sequence[PlannedStep], first: int, *, now: datetime) -> int:
    """Return the place of the step to go to, when that at `first` can be taken: it, or the last whose moment passed."""
    place = first
    for later in range(first + 1, len(steps)):
        at = steps[later].at
        if at is None or at > now or steps[later].holds:
            break
        place = later
    return place


def lateness(due_at: datetime, now: datetime) -> timedelta | None:
    """Return how late a step is; None: in time."""
    late = now - due_at
    return late if late > LATE_AFTER else None
