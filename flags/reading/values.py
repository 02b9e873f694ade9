"""Values that an attribute might have: guesses made from what its literals name, and what lies beside and between.

Whether a guess is right is not known here: the caller asks the engine's operators. So a guess too many costs time, and
one too few costs a witness, never the truth.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from itertools import chain, islice, pairwise, product
from math import nextafter
from typing import Any, Final

from flagsite_sdk.engine.operators.addresses import networks
from flagsite_sdk.engine.operators.operator import is_number
from flagsite_sdk.engine.operators.times import duration, seconds

from flags.reading.literals import Bucketable, Compared, Listed, Literal

MAX_GUESSES: Final = 600
"""Values that are tried for an attribute."""
MAX_TAKEN: Final = 100
"""Values that are taken from a long list."""
MAX_PUT_TOGETHER: Final = 60
"""Texts that are put together of a start, parts and an end."""

_IDS: Final = tuple(f"user-{number}" for number in range(1, 10))
_YEAR: Final = 366 * 86_400
_LARGEST: Final = 1e300
_LATEST: Final = 253_402_300_799  # the end of the year 9999
_VERSIONS: Final = ("semver_eq", "semver_gt", "semver_gte", "semver_lt", "semver_lte")
_ORDERED: Final = ("gt", "gte", "lt", "lte")
_TIMES: Final = ("before", "after", "within_last", "in_current")
_SCALARS: Final = ("equals", "in")
_PARTS: Final = ("starts_with", "contains", "ends_with", "regex")
_LISTS: Final = ("any_of", "all_of")


def values_for(attribute: str, literals: Collection[Literal], *, now: float) -> Iterator[Any]:
    """Return values to try, the more natural ones first; None stands for a missing attribute, which an id never is."""
    is_id = attribute == "id"
    ordered = sorted(literals, key=lambda literal: (not literal.holds, literal.subject))
    guesses: Iterator[Any] = chain(_named(ordered, now), _IDS if is_id else (None,), _odd())
    if not any(literal.holds for literal in ordered):
        guesses = chain(_IDS if is_id else (None,), guesses)
    return islice((value for value in guesses if isinstance(value, str) or not is_id), MAX_GUESSES)


def _odd() -> Iterator[Any]:
    yield from ("x", "", 0, 1, True, False, [], {}, -1, 0.5)


def _named(literals: list[Literal], now: float) -> Iterator[Any]:
    listed = [literal for literal in literals if isinstance(literal, Listed)]
    yield from _ids(listed)
    if any(isinstance(literal, Bucketable) and literal.holds for literal in literals):
        yield "x"
    some = [literal for literal in literals if isinstance(literal, Compared)]
    yield from _scalars(some)
    yield from _numbers(some, now)
    yield from _versions(some)
    yield from _addresses(some)
    yield from _lists(some)
    yield from _texts(some)


def _ids(listed: list[Listed]) -> Iterator[str]:
    inside = [literal.ids for literal in listed if literal.holds]
    if not inside:
        return
    smallest = min(inside, key=len)
    within = smallest.intersection(*inside)
    found = within.difference(*(literal.ids for literal in listed if not literal.holds)) or within
    yield from sorted(islice(found, MAX_TAKEN))


def _of(literals: Iterable[Compared], *operators: str) -> Iterator[Any]:
    """The values of the literals of these operators, those of lists one by one."""
    for literal in literals:
        if literal.operator in operators:
            yield from islice(literal.value if isinstance(literal.value, tuple) else (literal.value,), MAX_TAKEN)


def _scalars(literals: list[Compared]) -> Iterator[Any]:
    for value in _of(literals, *_SCALARS):
        yield value
        if is_number(value):
            yield from _both_kinds(value)


def _both_kinds(number: Any) -> Iterator[Any]:
    if isinstance(number, float) and number.is_integer():
        yield int(number)
    elif isinstance(number, int) and abs(number) < 1 << 53:
        yield float(number)


def _numbers(literals: list[Compared], now: float) -> Iterator[Any]:
    """Numbers at, beside and between those that are named; as times too, where times are asked for."""
    points = {value for value in _of(literals, *_ORDERED, *_SCALARS) if is_number(value)}
    points |= {time for value in _of(literals, "before", "after") if (time := seconds(value)) is not None}
    spans = [span for value in _of(literals, "within_last") if (span := duration(value)) is not None]
    relative = spans or any(literal.operator == "in_current" for literal in literals)
    if relative:
        points |= {now, now - _YEAR, *(now - span for span in spans)}
    some = sorted(point for point in points if abs(point) < _LARGEST)[:MAX_TAKEN]
    found = [number for low, high in pairwise(some) for number in (low + 1, (low + high) / 2)]
    found += [number for point in some for number in (point, point - 1, point + 1)]
    found += [nextafter(float(point), way) for point in some if abs(point) < _LATEST for way in (-1e18, 1e18)]
    if any(literal.operator in _TIMES for literal in literals):
        yield from (text for number in found for text in _as_times(number))
    yield from found


def _as_times(number: float) -> Iterator[str]:
    if 0 <= number < _LATEST:
        yield datetime.fromtimestamp(number, UTC).isoformat().replace("+00:00", "Z")


def _versions(literals: list[Compared]) -> Iterator[str]:
    for version in _of(literals, *_VERSIONS):
        bare = str(version).partition("+")[0]
        release, _, before = bare.partition("-")
        parts = [*(int(part) for part in release.split(".")), 0, 0][:3]
        yield bare
        yield f"{parts[0]}.{parts[1]}.{parts[2] + 1}"
        yield f"{parts[0]}.{parts[1] + 1}.0"
        yield f"{parts[0] + 1}.0.0"
        yield f"{parts[0]}.{parts[1]}.{parts[2]}"
        yield f"{parts[0]}.{parts[1]}.{parts[2]}-0"
        yield f"{bare}.0" if before else f"{parts[0]}.{parts[1]}.{parts[2] + 1}-0"
        yield "0.0.0-0"


def _addresses(literals: list[Compared]) -> Iterator[str]:
    for value in _of(literals, "ip_in"):
        for version, first, last in networks(value):
            most = (1 << 32 if version == 4 else 1 << 128) - 1  # noqa: PLR2004 - the version of IP
            make: Any = IPv4Address if version == 4 else IPv6Address  # noqa: PLR2004
            for number in (first, min(first + 1, last), last, (first + last) // 2, first - 1, last + 1):
                if 0 <= number <= most:
                    yield str(make(number))


def _lists(literals: list[Compared]) -> Iterator[list[Any]]:
    needed = [value for literal in literals if literal.holds for value in _of([literal], "all_of")]
    choices = [list(_of([literal], "any_of")) for literal in literals if literal.holds and literal.operator == "any_of"]
    for chosen in islice(product(*choices), MAX_TAKEN if needed or choices else 0):
        yield [*needed, *chosen]
        yield [*needed, *chosen, "x"]
    yield from ([value] for value in _of(literals, *_LISTS))


def _texts(literals: list[Compared]) -> Iterator[str]:
    """Texts that start, hold and end as is asked; and everything that is named, in other spellings too."""
    ways = {way: [[*_of([one], way)] for one in literals if one.holds and one.operator == way] for way in _PARTS}
    middles = [[_bare(pattern) for pattern in patterns] for patterns in ways["regex"]]
    choices = [*ways["starts_with"], *ways["contains"], *middles, *ways["ends_with"]]
    made = [text for parts in islice(product(*choices), MAX_PUT_TOGETHER) for text in _joined(parts)] if choices else []
    named = [value for value in _of(literals, *_SCALARS, *_PARTS, *_LISTS) if isinstance(value, str)]
    for text in (*made, *named):
        yield text
        yield from (text.lower(), text.upper(), text.casefold(), text.title(), text.swapcase())
        yield from (f"{text}x", f"x{text}", f"{text}-1")


def _joined(parts: tuple[str, ...]) -> Iterator[str]:
    """The parts one behind the other, with those left out that are in the others already."""
    longest = max(parts, key=len)
    if all(part in longest for part in parts):
        yield longest
    yield "".join(parts)
    yield "x".join(parts)


def _bare(pattern: str) -> str:
    """A simple regular expression as a text in which it is found; of others, something that may be."""
    return pattern.removeprefix("^").removesuffix("$").replace("\\.", ".").replace(".*", "")
