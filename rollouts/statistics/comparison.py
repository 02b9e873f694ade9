"""Who is compared with whom while a percentage is in force, and how probable it is to be inside.

The buckets of contexts are independent and uniform as long as nobody has looked. Raising the percentage from a to b
has shown of everybody on which side of a he is, and of nobody who is past a on which side of b. So in that stage only
contexts with a bucket of at least a count, and of these each is inside with probability (b − a) / (1 − a), whatever
was seen before and for whatever reason the percentage was raised. At 100 % nobody is outside: nothing is compared.

Going down begins a new epoch, because somebody may have gone down for what he saw of these very contexts. There the
percentages count from 0 again, and **only contexts that had no such event in any earlier epoch count**, whatever their
bucket: of them nothing was seen, so that nothing can have been decided by them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flagsite_sdk.engine.model import BUCKETS

PER_PERCENT: Final = BUCKETS // 100
ROUNDING: Final = 1e-6
"""How far, in buckets, floating point may carry a percentage from where it belongs."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Buckets from `low` count; those below `high` are inside. `epoch` is 0, 1, …: how often it has gone down."""

    epoch: int
    low: int
    high: int

    @property
    def share(self) -> float:
        """The probability that a context that counts is inside, 0 to 1."""
        return (self.high - self.low) / (BUCKETS - self.low) if self.low < BUCKETS else 0.0

    @property
    def tells(self) -> bool:
        """Whether there are both an inside and an outside."""
        return self.low < self.high < BUCKETS

    def counts(self, bucket: int) -> bool:
        """Tell whether a context with this bucket counts, if its epoch lets it."""
        return self.tells and bucket >= self.low

    def is_inside(self, bucket: int) -> bool:
        """Tell whether a context with this bucket is inside of the rollout."""
        return bucket < self.high


def comparisons(percentages: Iterable[float]) -> tuple[Comparison, ...]:
    """Return a comparison for each percentage of a history, in order; what follows at the same percentage is the same.

    Begin with the percentage that was in force when watching began.

    Raises:
        ValueError: when a percentage is not 0 to 100 in steps of 0.001.
    """
    result: list[Comparison] = []
    for high in map(buckets_of, percentages):
        before = result[-1] if result else Comparison(epoch=0, low=0, high=high)
        if high > before.high:
            result.append(Comparison(before.epoch, low=before.high, high=high))
        elif high < before.high:
            result.append(Comparison(before.epoch + 1, low=0, high=high))
        else:
            result.append(before)
    return tuple(result)


def buckets_of(percentage: float) -> int:
    """Return how many buckets a percentage is, exactly.

    Raises:
        ValueError: when it is not 0 to 100 in steps of 0.001.
    """
    buckets = round(percentage * PER_PERCENT)
    if not 0 <= buckets <= BUCKETS or abs(buckets - percentage * PER_PERCENT) > ROUNDING:
        raise ValueError(f"{percentage} is not a percentage in steps of 0.001")
    return buckets
