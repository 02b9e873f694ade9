"""Gain, lose, switch or stay: the words for what a change does to somebody, and how much of something it is."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from flagsite_sdk.engine.model import Flag

from flagsite.lib.canonical import same

PRECISION: Final = Decimal("0.001")
"""Percentages are said to a thousandth, which is one bucket."""


class Kind(StrEnum):
    """What happens to who is served `before` now and would be served `after`."""

    GAIN = "gain"
    LOSE = "lose"
    SWITCH = "switch"
    STAY = "stay"


@dataclass(frozen=True)
class Side:
    """One of the two configurations, as far as it says what it is to have something.

    `nothing` is the variation that stands for having nothing: a flag's off variation; None when there is none.
    """

    nothing: str | None

    def has(self, served: str | None) -> bool:
        """Tell whether being served this is having something. None is being served nothing at all."""
        return served is not None and served != self.nothing


def kind_of(before: str | None, after: str | None, old: Side, new: Side, revalued: Collection[str] = ()) -> Kind:
    """Return what a change from one variation to another is.

    The off variation and nothing at all are the same here: who had neither and has neither stays, also when the flag
    comes or goes. From one off variation to *another* is a switch: other code runs, though nobody had anything. So is
    the same variation with another value (`revalued`).
    """
    had, has = old.has(before), new.has(after)
    if had != has:
        return Kind.GAIN if has else Kind.LOSE
    if before is None or after is None:
        return Kind.STAY
    return Kind.SWITCH if before != after or before in revalued else Kind.STAY


def revalued(before: Flag | None, after: Flag | None) -> frozenset[str]:
    """Return the variations that both have, with another value."""
    if before is None or after is None:
        return frozenset()
    old, new = before.values, after.values
    return frozenset(key for key in old.keys() & new.keys() if not same(old[key], new[key]))


@dataclass(frozen=True)
class Moves:
    """How many of `of` equally likely places gain, lose and switch; the rest stays."""

    of: int
    gain: int = 0
    lose: int = 0
    switch: int = 0

    @property
    def moves_anybody(self) -> bool:
        """Tell whether any place does not stay."""
        return bool(self.gain or self.lose or self.switch)

    def percent(self, kind: Kind) -> Decimal:
        """Return the share of a kind in percent, rounded to 0.001."""
        counts = {Kind.GAIN: self.gain, Kind.LOSE: self.lose, Kind.SWITCH: self.switch}
        count = counts.get(kind, self.of - sum(counts.values()))
        return (Decimal(count * 100) / Decimal(self.of)).quantize(PRECISION)
