"""How well a risk ratio explains on which side contexts were, compared with "the flag changes nothing".

If a context inside is r times as likely to have the event as one outside, then of those that have it in a stage of
share p one is inside with probability p·r / (p·r + 1 − p). Divided by p, or by 1 − p for one outside, and multiplied
over contexts and stages, that is the likelihood ratio

    log L(r) = Σ over stages of: inside · ln r − contexts · ln(1 + p · (r − 1))

Under "the flag changes nothing" each context's factor has the expectation p · r/(p·r+1−p) + (1−p) · 1/(p·r+1−p) = 1,
given all that was seen before it: L(r) is a martingale that begins at 1. It is concave in ln r.
"""

from collections.abc import Iterable, Sequence
from math import exp, expm1, log, log1p

from rollouts.statistics.stage import Stage


def log_likelihood_ratio(stages: Iterable[Stage], log_ratio: float) -> float:
    """Return ln L(r) for r = exp(log_ratio), in nats."""
    excess = expm1(log_ratio)
    return sum(stage.inside * log_ratio - stage.contexts * log1p(stage.share * excess) for stage in stages)


def log_mean(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of numbers that are given by their logarithms, without overflow."""
    most = max(logs)
    return most + log(sum(exp(each - most) for each in logs) / len(logs))


def bounded_exp(a_log: float) -> float:
    """Return exp, and 1e300 for whatever is greater, so that the result is a number in JSON, too."""
    return exp(min(a_log, log(1e300)))
