"""A plain threshold: a figure is above or below a limit, once there is enough to judge by.

Nothing here is sequential: it promises no share of false alarms. Looked at often enough, a figure that moves by chance
crosses any limit near it; the window, the sample and a limit that is well away from the usual are what keeps it quiet.
"""

from enum import StrEnum
from math import isnan


class Finding(StrEnum):
    """What a look at a threshold says."""

    TOO_FEW = "too_few"
    KEPT = "kept"
    CROSSED = "crossed"


def judge_share(bad: int, of: int, *, limit: float, is_above: bool, sample: int) -> Finding:
    """Return what contexts within the window say: so many with the bad event, against so many with the one it is per.

    The share may exceed 1, as contexts can have the one event without the other. Where it is made of fewer than
    `sample` contexts, or of none, nothing is said.
    """
    if not of or of < sample:
        return Finding.TOO_FEW
    return judge_figure(bad / of, limit=limit, is_above=is_above)


def judge_figure(figure: float, *, limit: float, is_above: bool) -> Finding:
    """Return whether a figure lies strictly above its limit, or strictly below it.

    Raises:
        ValueError: when the figure is not a number (NaN), which answers nothing.
    """
    if isnan(figure):
        raise ValueError("the figure is not a number")
    is_crossed = figure > limit if is_above else figure < limit
    return Finding.CROSSED if is_crossed else Finding.KEPT
