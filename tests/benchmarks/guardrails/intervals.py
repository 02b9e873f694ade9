"""How sure a share of runs is, and quantiles of what may never have happened."""

from collections.abc import Callable, Sequence
from math import exp, lgamma, log, log1p


def clopper_pearson(hits: int, runs: int, *, error: float = 0.05) -> tuple[float, float]:
    """Return the exact interval for a probability (Clopper & Pearson, Biometrika 26, 1934)."""
    low = 0.0 if hits == 0 else _where(lambda p: 1 - _at_most(hits - 1, runs, p) < error / 2)
    high = 1.0 if hits == runs else _where(lambda p: _at_most(hits, runs, p) > error / 2)
    return low, high


def quantile(values: Sequence[float | None], share: float) -> float | None:
    """Return the value that this share does not exceed; None counts as later than all, and is returned for itself."""
    ordered = sorted(values, key=lambda value: (value is None, value or 0))
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _at_most(hits: int, runs: int, p: float) -> float:
    if not 0 < p < 1:
        return 1.0 if p <= 0 else float(hits >= runs)
    ways = lgamma(runs + 1)
    return sum(
        exp(ways - lgamma(k + 1) - lgamma(runs - k + 1) + k * log(p) + (runs - k) * log1p(-p)) for k in range(hits + 1)
    )


def _where(is_before: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if is_before(middle) else (low, middle)
    return (low + high) / 2
