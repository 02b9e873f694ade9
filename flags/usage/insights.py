"""What counts say about a flag: by variation, over time, and what failed. Pure: counts go in, numbers come out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flags.usage.counts import Counted, Period


@dataclass(frozen=True)
class Shown:
    """One variation over the steps of the period; no variation stands for what failed."""

    variation: str
    numbers: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return how often it came out in all."""
        return sum(self.numbers)


@dataclass(frozen=True)
class Insights:
    """A flag in one environment over a period."""

    shown: tuple[Shown, ...]
    """The flag's variations in their order, then those it has no more, then what failed."""
    total: int
    failed: int
    errors: tuple[tuple[str, int], ...]
    """By code, the most frequent first; without a code where an old SDK reported it."""
    reasons: tuple[tuple[str, int], ...]


def insights_of(counts: Sequence[Counted], variations: Sequence[str], period: Period, *, now: datetime) -> Insights:
    """Add the counts up.

    Args:
        counts: of the period, as `flags.usage.counts.usage` reads them.
        variations: the keys of those that the flag has.
        period: what is looked at.
        now: its end.
    """
    numbers: dict[str, list[int]] = {}
    errors: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for counted in counts:
        place = period.at(counted.at, now)
        if place is None:  # of a clock that runs ahead
            continue
        series = numbers.setdefault("" if counted.failed else counted.variation, [0] * period.steps)
        series[place] += counted.count
        reasons[counted.reason] += counted.count
        if counted.failed:
            errors[counted.error_code] += counted.count
    gone = sorted(key for key in numbers if key and key not in variations)
    order = [*(key for key in variations if key in numbers), *gone, *([""] if "" in numbers else [])]
    return Insights(
        shown=tuple(Shown(key, tuple(numbers[key])) for key in order),
        total=reasons.total(),
        failed=errors.total(),
        errors=tuple(errors.most_common()),
        reasons=tuple(reasons.most_common()),
    )
