"""How far what was measured in pairs can be trusted: no assumption about how the values are distributed. Pure."""

import statistics
from collections.abc import Sequence
from math import comb

CERTAINTY = 0.95


def interval_of_median(values: Sequence[float]) -> tuple[float, float] | None:
    """Return between which two values the median lies with 95 % certainty; None of too few values to say.

    Each value lies above the true median as a coin falls. So fewer than k of n on one side is as likely as fewer than
    k heads (the sign test's interval; Conover, Practical Nonparametric Statistics, section 3.2).
    """
    ordered, number = sorted(values), len(values)
    outside, k = 0.0, 0
    while outside + 2 * comb(number, k) / 2**number <= 1 - CERTAINTY:
        outside += 2 * comb(number, k) / 2**number
        k += 1
    return (ordered[k - 1], ordered[number - k]) if k else None


def spread_in_words(shares: Sequence[float]) -> str:
    """Say of shares how far they lie apart, and what that tells of their median."""
    ordered = sorted(shares)
    told = f"from {ordered[0]:.1%} to {ordered[-1]:.1%}"
    if len(shares) >= 4:
        lower, _, upper = statistics.quantiles(shares, n=4)
        told += f", half of them from {lower:.1%} to {upper:.1%}"
    found = interval_of_median(shares)
    if found is None:
        return f"{told}; too few to say how sure the median is"
    return f"{told}; the median lies between {found[0]:.1%} and {found[1]:.1%} with {CERTAINTY:.0%} certainty"
