"""What guardrails are often made of: a z-test for two shares, made for one look at a sample of known size.

It compares the stage as it stands, all inside with all outside, and raises an alarm when z is past the normal
distribution's quantile, as soon as there are 30 to compare and 5 failures inside.
"""

from math import sqrt
from statistics import NormalDist


class ZTest:
    """Counts of a stage: so many on each side (outside, inside), and so many of them bad."""

    def __init__(self, false_alarms: float) -> None:
        self._limit = NormalDist().inv_cdf(1 - false_alarms)
        self.forget()

    def forget(self) -> None:
        """Begin a stage."""
        self.seen = [0, 0]
        self.bad = [0, 0]

    def is_alarm(self) -> bool:
        """Tell whether more are bad inside, one-sidedly."""
        (outside, inside), (bad_outside, bad_inside) = self.seen, self.bad
        if min(inside, outside) < 30 or bad_inside < 5:
            return False
        pooled = (bad_inside + bad_outside) / (inside + outside)
        deviation = sqrt(pooled * (1 - pooled) * (1 / inside + 1 / outside))
        return bool(deviation) and (bad_inside / inside - bad_outside / outside) / deviation > self._limit
