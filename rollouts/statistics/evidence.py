"""Evidence that it is worse inside: an e-process, which may be looked at as often as one likes.

Nobody knows the risk ratio beforehand, so the evidence is the mean of the likelihood ratios over a fixed grid of them:
E = mean of L(r). As a mean of martingales that begin at 1 it is one itself if the flag changes nothing, and by Ville's
inequality the probability that it *ever* reaches 1/α is at most α. One may look after each event, and stop or go on for
whatever reason.

Sources: Ville, "Étude critique de la notion de collectif", 1939; Lindon & Malek, "Anytime-Valid Inference for
Multinomial Count Data", NeurIPS 2022; Grünwald, de Heide & Koolen, "Safe Testing", JRSS B 86, 2024.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import log
from typing import Final

from rollouts.statistics.likelihood import bounded_exp, log_likelihood_ratio, log_mean
from rollouts.statistics.stage import Stage


class Direction(StrEnum):
    """What is worse: more contexts with the event inside, or fewer."""

    MORE = "more"
    FEWER = "fewer"


LOG_RATIOS: Final = tuple(log(2) * 2 ** (halves / 2) for halves in range(-6, 5))
"""The grid for "more is worse": 1.09, 1.13, 1.19, 1.28, 1.41, 1.63, 2, 2.67, 4, 7.1, 16.

Each logarithm is √2 times the one before. A ratio between two of them is nearly as well served by the nearer, for small
harm as for great (the loss of speed is at most 4 %), and the fewer there are, the less each is thinned by the mean.
"""

GRIDS: Final = {Direction.MORE: LOG_RATIOS, Direction.FEWER: tuple(-each for each in LOG_RATIOS)}


def evidence(stages: Sequence[Stage], *, worse: Direction = Direction.MORE) -> float:
    """Return E for the stages of one epoch: 1 says nothing, 1/α is an alarm; at most 1e300.

    Args:
        stages: counts of contexts with the bad event (or the good one, whose lack is bad).
        worse: which side it is that would be harm.
    """
    return bounded_exp(log_mean([log_likelihood_ratio(stages, log_ratio) for log_ratio in GRIDS[worse]]))
