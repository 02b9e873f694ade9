"""Proofs about what is ordered: numbers, times, versions, and addresses.

A statement that does not hold bounds a value only when the value is known to be one that the operator understands: a
number that is no NaN, a time, a version. Another statement, which holds, says that.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from flagsite_sdk.engine.operators import OPERATORS
from flagsite_sdk.engine.operators.addresses import Networks, networks
from flagsite_sdk.engine.operators.operator import is_number, items
from flagsite_sdk.engine.operators.times import seconds
from flagsite_sdk.engine.operators.versions import precedence

from flags.reading.literals import Compared, Literal

_SIGNS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_VERSION_SIGNS: Final = {f"semver_{name}": sign for name, sign in _SIGNS.items()} | {"semver_eq": "="}
_TIME_SIGNS: Final = {"after": ">", "before": "<"}
_OPPOSITES: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "≠"}

NO_NUMBER: Final = "no number lies within both bounds"
NO_TIME: Final = "no time lies within both bounds"
NO_VERSION: Final = "no version lies within both bounds"


class Range:
    """What lies between two bounds, each of which may belong to it; of anything that has an order."""

    def __init__(self, bounds: Iterable[tuple[str, Any]]) -> None:
        self._low: tuple[Any, bool] | None = None  # the bound, and whether it is left out
        self._high: tuple[Any, bool] | None = None
        self._without: list[Any] = []
        for sign, value in bounds:
            if sign == "≠":
                self._without.append(value)
            if sign in {">", ">=", "="}:
                self._raise(value, left_out=sign == ">")
            if sign in {"<", "<=", "="}:
                self._lower(value, left_out=sign == "<")

    def _raise(self, value: Any, *, left_out: bool) -> None:
        if self._low is None or value > self._low[0] or (value == self._low[0] and left_out):
            self._low = value, left_out

    def _lower(self, value: Any, *, left_out: bool) -> None:
        if self._high is None or value < self._high[0] or (value == self._high[0] and left_out):
            self._high = value, left_out

    @property
    def point(self) -> Any:
        """The one value that is left, None when there are others, or none."""
        if self._low is None or self._high is None or self._low[0] != self._high[0] or self._is_open:
            return None
        return self._low[0]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        if self._low is None or self._high is None:
            return False
        if self._low[0] > self._high[0] or (self._low[0] == self._high[0] and self._is_open):
            return True
        return self.point is not None and any(value == self.point for value in self._without)

    @property
    def _is_open(self) -> bool:
        return any(bound is not None and bound[1] for bound in (self._low, self._high))


def is_relative(literal: Literal) -> bool:
    """Tell whether a literal looks at the moment of the evaluation."""
    return isinstance(literal, Compared) and OPERATORS[literal.operator].relative


def why_no_number(literals: Collection[Literal]) -> str | None:
    """Return why no number satisfies all of them."""
    timeless = [literal for literal in literals if not is_relative(literal)]
    asked = [one for one in _held(timeless) if one.operator in {"equals", "in"}]
    if asked:
        wanted = (value for value in items(asked[0].value) if is_number(value))
        fits = any(_admit(timeless, spelling) for value in wanted for spelling in _spellings(value))
        return None if fits else "none of the numbers that are asked for fits"
    is_time = any(OPERATORS[one.operator].attribute == "time" for one in _held(literals))
    is_real = is_time or any(one.operator in _SIGNS for one in _held(literals))
    bounds = list(_bounds(timeless, _SIGNS, flip=is_real)) + list(_time_bounds(timeless, flip=is_time))
    within = Range(bounds)
    if within.is_empty:
        return NO_NUMBER
    if within.point is not None and not any(_admit(timeless, value) for value in _spellings(within.point)):
        return NO_NUMBER
    return None


def why_no_moment(literals: Collection[Literal]) -> str | None:
    """Return why no `datetime` with a zone satisfies all of them."""
    return NO_TIME if Range(_time_bounds(literals, flip=True)).is_empty else None


def why_no_time_text(literals: Collection[Literal]) -> str | None:
    """Return why no text that is a time satisfies all of them; None too where no time is asked for."""
    if not any(OPERATORS[one.operator].attribute == "time" for one in _held(literals)):
        return None
    return why_no_moment(literals)


def why_no_version(literals: Collection[Literal]) -> str | None:
    """Return why no version satisfies all of them; None too where no version is asked for."""
    if not any(one.operator in _VERSION_SIGNS for one in _held(literals)):
        return None
    bounds = ((sign, precedence(value)) for sign, value in _bounds(literals, _VERSION_SIGNS, flip=True))
    return NO_VERSION if Range(bounds).is_empty else None


def why_no_address(literals: Collection[Literal]) -> str | None:
    """Return why no address satisfies all of them; None too where no address is asked for."""
    some = [one for one in literals if isinstance(one, Compared) and one.operator == "ip_in"]
    inside = [networks(one.value) for one in some if one.holds]
    if not inside:
        return None
    left = inside[0]
    for others in inside[1:]:
        left = tuple(_overlaps(left, others))
    for others in (networks(one.value) for one in some if not one.holds):
        for other in others:
            left = tuple(part for one in left for part in _outside(one, other))
    return None if left else "no address lies in the networks that are left"


def _overlaps(some: Networks, others: Networks) -> Iterator[tuple[int, int, int]]:
    for kind, first, last in some:
        for other_kind, other_first, other_last in others:
            start, end = max(first, other_first), min(last, other_last)
            if kind == other_kind and start <= end:
                yield kind, start, end


def _outside(one: tuple[int, int, int], other: tuple[int, int, int]) -> Iterator[tuple[int, int, int]]:
    kind, first, last = one
    other_kind, other_first, other_last = other
    if kind != other_kind or other_last < first or last < other_first:
        yield one
        return
    if first < other_first:
        yield kind, first, other_first - 1
    if other_last < last:
        yield kind, other_last + 1, last


def _held(literals: Iterable[Literal]) -> list[Compared]:
    return [one for one in literals if isinstance(one, Compared) and one.holds]


def _bounds(literals: Iterable[Literal], signs: dict[str, str], *, flip: bool) -> Iterator[tuple[str, Any]]:
    for literal in literals:
        if isinstance(literal, Compared) and literal.operator in signs and (literal.holds or flip):
            sign = signs[literal.operator]
            yield (sign if literal.holds else _OPPOSITES[sign]), literal.value


def _time_bounds(literals: Iterable[Literal], *, flip: bool) -> Iterator[tuple[str, Any]]:
    return ((sign, seconds(value)) for sign, value in _bounds(literals, _TIME_SIGNS, flip=flip))


def _spellings(number: Any) -> Iterator[Any]:
    """The number as it may be told apart: as an integer and as a float, where both are exact."""
    yield number
    if isinstance(number, float) and number.is_integer():
        yield int(number)
    if isinstance(number, int) and abs(number) <= 1 << 1_000 and int(float(number)) == number:
        yield float(number)


def _admit(literals: Iterable[Literal], value: Any) -> bool:
    return all(literal.admits(value, 0.0) for literal in literals)
