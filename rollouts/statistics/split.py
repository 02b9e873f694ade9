"""Is the split what it should be? Evidence of a sample-ratio mismatch, which may be looked at as often as one likes.

A context that counts in a stage is inside with the known probability p. If it is not so, then something is lost or
doubled on one side, and no comparison can be trusted. The alternative is a Beta distribution around p in each stage:

    E = Π over stages of: B(κp + inside, κ(1−p) + outside) / B(κp, κ(1−p)) / (p^inside · (1−p)^outside)

which is a martingale that begins at 1 if the split is right. Source: Lindon & Malek, "Anytime-Valid Inference for
Multinomial Count Data", NeurIPS 2022.
"""

from collections.abc import Iterable
from math import lgamma, log, log1p
from typing import Final

from rollouts.statistics.alarm import evidence_needed
from rollouts.statistics.likelihood import bounded_exp
from rollouts.statistics.stage import Stage

SPLIT_ERROR: Final = 0.001
"""The share of ramps with a right split that may ever be taken for wrong ones."""

CONCENTRATION: Final = 100.0
"""κ: a wrong split is expected within sqrt(p(1−p)/(κ+1)) of the right one; at 50 %, five points to either side."""


def split_evidence(stages: Iterable[Stage]) -> float:
    """Return E for the stages of one epoch: 1 says nothing, much says that the split is wrong; at most 1e300."""
    return bounded_exp(sum(map(_log_evidence, stages)))


def is_split_wrong(evidence: float, *, epoch: int = 0) -> bool:
    """Tell whether this much evidence of a wrong split forbids any verdict."""
    return evidence >= evidence_needed(SPLIT_ERROR, epoch=epoch)


def _log_evidence(stage: Stage) -> float:
    inside, outside = CONCENTRATION * stage.share, CONCENTRATION * (1 - stage.share)
    expected = stage.inside * log(stage.share) + stage.outside * log1p(-stage.share)
    return _log_beta(inside + stage.inside, outside + stage.outside) - _log_beta(inside, outside) - expected


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
