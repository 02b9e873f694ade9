"""Can a condition hold at all? A context for which it does, a proof that there is none, or nothing.

A condition becomes a list of *ways* to hold (its disjunctive normal form): sets of literals, with segments written out.
Attributes do not depend on each other, so a way is possible when each attribute can have a value for its own literals.
Everything is bounded; past the bounds nothing is said.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flagsite_sdk.engine.model import All, AnyOf, Comparison, Condition, InSegment, Not, Segment

from flags.reading.emptiness import why_empty
from flags.reading.literals import Listed, Literal, compared
from flags.reading.values import values_for

MAX_WAYS: Final = 128
"""Ways in which a condition may hold; of one that has more nothing is said."""
MAX_STEPS: Final = 10_000
"""Literals of ways that are put together while a flag is read; after that nothing more is said of it."""
MAX_REASONS: Final = 3

Way: TypeAlias = frozenset[Literal]
EVERYBODY: Final[tuple[Way, ...]] = (frozenset(),)
_NOT_FOUND: Final = object()


class TooMany(Exception):
    """A bound is reached."""


@dataclass(frozen=True)
class Ways:
    """The ways in which something may hold, and why there are no others."""

    ways: tuple[Way, ...]
    reasons: tuple[str, ...] = ()

    @property
    def proof(self) -> str:
        """Why nothing is left, as a sentence."""
        shown = "; ".join(dict.fromkeys(self.reasons[:MAX_REASONS]))
        more = "; and so for every other way" if len(self.reasons) > MAX_REASONS else ""
        return f"{shown[:1].upper()}{shown[1:]}{more}."


class Logic:
    """Answers for one flag or segment; keeps what it has found out, and counts its steps."""

    def __init__(self, segments: Mapping[str, Segment], *, now: float) -> None:
        """Start to read.

        Args:
            segments: All that are reached, every one usable.
            now: The moment for which witnesses are found; proofs hold for every moment.
        """
        self._segments = segments
        self._now = now
        self._steps = MAX_STEPS
        self._possible: dict[tuple[str, Way], Any] = {}
        self._empty: dict[tuple[str, Way], str | None] = {}

    def ways(self, condition: Condition, *, holds: bool = True) -> Ways:
        """Return the ways in which a condition holds, or in which it does not.

        Raises:
            TooMany: when a bound is reached.
        """
        match condition:
            case Comparison():
                return self.together([Ways((frozenset({compared(condition, holds=holds)}),))])
            case InSegment(key):
                return self._in_segment(self._segments[key], holds=holds)
            case Not(inner):
                return self.ways(inner, holds=not holds)
            case All(parts) | AnyOf(parts):
                found = (self.ways(part, holds=holds) for part in parts)
                return self.together(found) if isinstance(condition, All) is holds else either(found)
            case _:  # Everyone
                return Ways(EVERYBODY) if holds else Ways((), ("there is nobody outside of everyone",))

    def together(self, parts: Iterable[Ways]) -> Ways:
        """Return the ways in which all the parts hold, those that are impossible left out.

        Raises:
            TooMany: when a bound is reached.
        """
        ways: Collection[Way] = EVERYBODY
        reasons: list[str] = []
        for part in parts:
            reasons += part.reasons
            kept: dict[Way, None] = {}
            for one in ways:
                for other in part.ways:
                    way = one | other
                    self._steps -= len(way)
                    reason = self._why_impossible(way, {literal.attribute for literal in other})
                    if reason is None:
                        kept[way] = None
                    else:
                        reasons.append(reason)
                    if len(kept) > MAX_WAYS or self._steps < 0:
                        raise TooMany
            ways = kept
            if not ways:
                break
        return Ways(tuple(ways), tuple(dict.fromkeys(reasons)))

    def witness(self, ways: Ways) -> dict[str, Any] | None:
        """Return a context for which one of the ways holds; None when none is found."""
        for way in ways.ways:
            literals = by_attribute(way)
            found = {name: self._value(name, some) for name, some in literals.items()}
            if _NOT_FOUND in found.values():
                continue
            context = {name: value for name, value in found.items() if value is not None}
            return {"id": "user-1"} | context
        return None

    def _in_segment(self, segment: Segment, *, holds: bool) -> Ways:
        within = Ways((self._listed(segment, "listed in", segment.included, holds=holds),))
        out = Ways((self._listed(segment, "excluded from", segment.excluded, holds=not holds),))
        if segment.condition is None:
            if not holds:
                return within
            empty = f"the segment {segment.key} lists nobody and has no condition"
            return within if segment.included else Ways((), (empty,))
        condition = self.ways(segment.condition, holds=holds)
        if not holds:
            return self.together([within, either([out, condition]) if segment.excluded else condition])
        rest = self.together([out, condition]) if segment.excluded else condition
        return either([within, rest]) if segment.included else rest

    def _listed(self, segment: Segment, how: str, ids: frozenset[str], *, holds: bool) -> Way:
        if not ids and not holds:
            return frozenset()
        return frozenset({Listed(holds, f"{how} the segment {segment.key}", ids)})

    def _why_impossible(self, way: Way, attributes: Iterable[str]) -> str | None:
        literals = by_attribute(way)
        for name in sorted(attributes):
            reason = self._why_empty(name, literals[name])
            if reason is not None:
                return reason
        return None

    def _why_empty(self, name: str, literals: Way) -> str | None:
        key = (name, literals)
        if key not in self._empty:
            # a value that was found is proof enough that there is one
            found = self._value(name, literals) is not _NOT_FOUND
            self._empty[key] = None if found else why_empty(name, literals)
        return self._empty[key]

    def _value(self, name: str, literals: Way) -> Any:
        """Return a value that all the literals admit, None for a missing one."""
        key = (name, literals)
        if key not in self._possible:
            admitted = (
                value
                for value in values_for(name, literals, now=self._now)
                if all(literal.admits(value, self._now) for literal in literals)
            )
            self._possible[key] = next(admitted, _NOT_FOUND)
        return self._possible[key]


def either(parts: Iterable[Ways]) -> Ways:
    """Return the ways in which one of the parts holds.

    Raises:
        TooMany: when a bound is reached.
    """
    found = list(parts)
    ways = dict.fromkeys(way for part in found for way in part.ways)
    if len(ways) > MAX_WAYS:
        raise TooMany
    return Ways(tuple(ways), tuple(dict.fromkeys(reason for part in found for reason in part.reasons)))


def by_attribute(way: Iterable[Literal]) -> dict[str, Way]:
    """Return the literals by the attribute that they are about."""
    found: dict[str, set[Literal]] = {}
    for literal in way:
        found.setdefault(literal.attribute, set()).add(literal)
    return {name: frozenset(some) for name, some in found.items()}
