"""What a guardrail watches, when it is crossed, and what is done then; and all of it in a sentence. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from flagsite.lib.moments import duration_text
from rollouts.statistics import Direction
from rollouts.wording import duration_in_words

DEFAULT_WINDOW: Final = timedelta(minutes=10)
DEFAULT_SAMPLE: Final = 100
"""Contexts inside that a threshold is judged by at the least, unless the guardrail says otherwise."""
DEFAULT_FALSE_ALARMS: Final = 0.01
"""The share of harmless ramps that a comparison stops by chance, unless the guardrail says otherwise."""


class Action(StrEnum):
    """What is done when a guardrail is crossed."""

    ROLLBACK = "rollback"
    STEP_BACK = "step_back"
    PAUSE = "pause"
    TURN_OFF = "turn_off"


DONE_IN_WORDS: Final = {
    Action.ROLLBACK: "Roll back to 0 %",
    Action.STEP_BACK: "Go back to the step before, and pause,",
    Action.PAUSE: "Pause",
    Action.TURN_OFF: "Turn the flag off",
}


@dataclass(frozen=True)
class EventMetric:
    """The share of contexts with the event `per` that also have the event; with `above`, one of a larger value."""

    event: str
    per: str
    above: float | None = None
    worse: Direction = Direction.MORE

    def __str__(self) -> str:
        if self.above is None:
            return f"share of users with “{self.per}” who have “{self.event}”"
        if self.per == self.event:
            return f"share of users with a “{self.event}” above {self.above:g}"
        return f"share of users with “{self.per}” who have a “{self.event}” above {self.above:g}"


@dataclass(frozen=True)
class PrometheusMetric:
    """The one number that a query of Prometheus gives; `$flag`, `$environment` and `$percentage` are filled in."""

    query: str

    def __str__(self) -> str:
        return f"result of “{self.query}”"


Metric = EventMetric | PrometheusMetric


@dataclass(frozen=True)
class Threshold:
    """Crossed when the figure of the window is past the limit, once there is so large a sample."""

    limit: float
    is_upper: bool
    window: timedelta = DEFAULT_WINDOW
    sample: int = DEFAULT_SAMPLE

    @property
    def side(self) -> str:
        """Return on which side of the limit it is crossed."""
        return "above" if self.is_upper else "below"


@dataclass(frozen=True)
class WorseThanOthers:
    """Crossed when those inside fare worse than those outside; this share of harmless ramps is crossed by chance."""

    false_alarms: float = DEFAULT_FALSE_ALARMS


Condition = Threshold | WorseThanOthers


@dataclass(frozen=True)
class Watch:
    """A metric, when it is crossed, and what is done then."""

    metric: Metric
    condition: Condition
    action: Action
    name: str = ""

    def __str__(self) -> str:
        return f"{DONE_IN_WORDS[self.action]} when the {self.name or self.metric} is {self._past}."

    @property
    def document(self) -> dict[str, Any]:
        """Return the guardrail as it is asked for, with every default written out."""
        document: dict[str, Any] = {"name": self.name} if self.name else {}
        return document | {"metric": _metric(self.metric), "when": _when(self), "then": self.action.value}

    @property
    def _past(self) -> str:
        match self.metric, self.condition:
            case PrometheusMetric(), Threshold() as threshold:
                return f"{threshold.side} {threshold.limit:g}"
            case _, Threshold() as threshold:
                share = f"{100 * threshold.limit:g} %"
                return f"{threshold.side} {share} inside, over {duration_in_words(threshold.window)}"
            case EventMetric(worse=Direction.FEWER), _:
                return "lower inside than outside"
        return "higher inside than outside"


def _metric(metric: Metric) -> dict[str, Any]:
    if isinstance(metric, PrometheusMetric):
        return {"prometheus": metric.query}
    above = {} if metric.above is None else {"above": metric.above}
    return {"event": metric.event, "per": metric.per, **above, "worse": metric.worse.value}


def _when(watch: Watch) -> dict[str, Any]:
    condition = watch.condition
    if isinstance(condition, WorseThanOthers):
        return {"worse_than_others": True, "false_alarms": condition.false_alarms}
    side = {condition.side: condition.limit}
    if isinstance(watch.metric, PrometheusMetric):
        return side
    return {**side, "window": duration_text(condition.window), "sample": condition.sample}
