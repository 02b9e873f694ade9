"""The risk ratios that the counts do not rule out: a confidence sequence, for charts.

A ratio r₀ is ruled out when the mean of L(r) over a two-sided grid of ratios is at least 1/error times L(r₀). If the
true ratio is one and the same all along, then with probability 1 − error it is never ruled out, at any look. As ln L is
concave in ln r, what remains is an interval. Source: the same as of the evidence, turned round (Lindon & Malek 2022).

The alarm does not come from the band: it asks one-sidedly, and so sooner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

from rollouts.statistics.likelihood import log_likelihood_ratio, log_mean
from rollouts.statistics.stage import Stage

LOG_RATIOS: Final = tuple(log(2) * sixteenth / 16 for sixteenth in range(-96, 97))
"""The grid: 1/64 to 64, evenly spaced in the logarithm, 4 % apart."""

FURTHEST: Final = log(1e6)
"""Ratios beyond a million, either way, are as good as unlimited."""

HALVINGS: Final = 50


@dataclass(frozen=True, slots=True)
class Band:
    """How many times as likely the event is inside: at least, best guess, at most.

    `estimate` is None where nobody had the event yet or nobody outside, `high` is None where nothing limits it.
    """

    low: float
    estimate: float | None
    high: float | None


def risk_ratio_band(stages: Sequence[Stage], *, error: float = 0.05) -> Band:
    """Return the band of risk ratios that holds at all looks together, but for a probability of `error`.

    Raises:
        ValueError: when the error is not between 0 and 1.
    """
    if not 0 < error < 1:
        raise ValueError(f"an error of {error} is not between 0 and 1")
    best = _where_it_turns(lambda log_ratio: _slope(stages, log_ratio) <= 0)
    least = log_mean([log_likelihood_ratio(stages, log_ratio) for log_ratio in LOG_RATIOS]) + log(error)

    def is_possible(log_ratio: float) -> bool:
        return log_likelihood_ratio(stages, log_ratio) > least

    low = 0.0 if is_possible(-FURTHEST) else exp(_where_it_turns(is_possible, to=best))
    high = None if is_possible(FURTHEST) else exp(_where_it_turns(lambda at: not is_possible(at), since=best))
    return Band(low, _estimate(stages, best), high)


def _estimate(stages: Sequence[Stage], best: float) -> float | None:
    if not any(stage.outside for stage in stages):
        return None
    return exp(best) if any(stage.inside for stage in stages) else 0.0


def _slope(stages: Sequence[Stage], log_ratio: float) -> float:
    """Return the derivative of ln L by ln r: how many more are inside than r would have it."""
    weight = exp(log_ratio)
    return sum(
        stage.inside - stage.contexts * stage.share * weight / (stage.share * weight + 1 - stage.share)
        for stage in stages
    )


def _where_it_turns(is_past: Callable[[float], bool], *, since: float = -FURTHEST, to: float = FURTHEST) -> float:
    """Return where a statement that is false at first becomes true."""
    for _ in range(HALVINGS):
        middle = (since + to) / 2
        if is_past(middle):
            to = middle
        else:
            since = middle
    return to
