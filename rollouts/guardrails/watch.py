"""What a guardrail watches, when it is crossed, and what is done then; and all of it in a sentence. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from flagsite.lib.moments import duration_text

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


class Worse(StrEnum):
    """Which way a metric gets worse."""

    MORE = "more"
    FEWER = "fewer"


@dataclass(frozen=True)
class EventMetric:
    """The share of contexts with the event `per` that also have the event; with `above`, one of a larger value."""

    event: str
    per: str
    above: float | None = None
    worse: Worse = Worse.MORE

    def __str__(self) -> str:
        if self.above is None:
            return f"share of “{self.per}” with “{self.event}”"
        of = "" if self.per == self.event else f" of “{self.per}”"
        return f"share{of} with “{self.event}” above {self.above:g}"


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

    def is_crossed(self, figure: float) -> bool:
        """Tell whether the figure is past the limit."""
        return figure > self.limit if self.is_upper else figure < self.limit


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
        return f"{DONE_IN_WORDS[self.action]} when the {self.name or self.metric} of users inside {self._when}."

    @property
    def _when(self) -> str:
        match self.condition:
            case Threshold(limit=limit, is_upper=is_upper, window=window):
                side = "above" if is_upper else "below"
                within = f" over {duration_text(window)}" if isinstance(self.metric, EventMetric) else ""
                return f"is {side} {limit:g}{within}"
            case WorseThanOthers():
                lower = isinstance(self.metric, EventMetric) and self.metric.worse is Worse.FEWER
                return f"is {'lower' if lower else 'higher'} than that of users outside"
