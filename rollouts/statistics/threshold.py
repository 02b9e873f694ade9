"""A plain threshold: a figure is above or below a limit, once there is enough to judge by.

Nothing here is sequential: it promises no share of false alarms. Looked at often enough, a figure that moves by chance
crosses any limit near it; the window, the sample and a limit that is well away from the usual are what keeps it quiet.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isnan


class Side(StrEnum):
    """Where the bad side of a limit is."""

    ABOVE = "above"
    BELOW = "below"


class Finding(StrEnum):
    """What a look at a threshold says."""

    TOO_FEW = "too_few"
    KEPT = "kept"
    CROSSED = "crossed"


@dataclass(frozen=True, slots=True)
class Sample:
    """Contexts inside within the window: with the bad event, and with the event that is counted against.

    The figure can be more than 1 when contexts have the one event and not the other.
    """

    bad: int
    of: int

    @property
    def figure(self) -> float | None:
        """How many are bad for each; None where there is none to divide by."""
        return self.bad / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure strictly on the bad side of the limit crosses it, if it is made of at least `sample` contexts."""

    side: Side
    limit: float
    sample: int = 0

    def judge(self, sample: Sample) -> Finding:
        """Return what a sample says; nothing can be said of one without contexts."""
        if sample.figure is None or sample.of < self.sample:
            return Finding.TOO_FEW
        return self.judge_figure(sample.figure)

    def judge_figure(self, figure: float) -> Finding:
        """Return what a ready figure says, of which nobody knows how many it is made of.

        Raises:
            ValueError: when the figure is not a number (NaN), which is an answer to nothing.
        """
        if isnan(figure):
            raise ValueError("the figure is not a number")
        is_crossed = figure > self.limit if self.side is Side.ABOVE else figure < self.limit
        return Finding.CROSSED if is_crossed else Finding.KEPT
