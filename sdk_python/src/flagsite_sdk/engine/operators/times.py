"""Times: before, after, and relative to the moment of the evaluation within_last, in_current.

A time is RFC 3339 text, a number of seconds since 1970-01-01T00:00:00Z, or a `datetime` with a time zone.
A `datetime` without one is no moment and therefore wrong-typed. Nothing here reads a clock.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from flagsite_sdk.engine.operators.operator import Code, Fault, Operator, is_finite, is_number

LONGEST = 64
"""Longer text is no time (and is not kept in the cache)."""

_HOUR_AND_MINUTE = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"  # Python lets a zone have 60 minutes, and from 3.14 a day hour 24
_RFC3339 = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]{_HOUR_AND_MINUTE}:[0-9]{{2}}(?:\.[0-9]+)?(?:[Zz]|[+-]{_HOUR_AND_MINUTE})"
)
_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_UNITS = ("day", "week", "month", "year")


@lru_cache(maxsize=4096)
def _parse(text: str) -> float | None:
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:  # the 31st of February
        return None


def seconds(value: Any) -> float | None:
    """A time in seconds since 1970, None when it is not a time."""
    if isinstance(value, str):
        return _parse(value) if len(value) <= LONGEST else None
    if is_number(value):
        return value if is_finite(value) else None
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return value.timestamp()
    return None


def duration(value: Any) -> int | None:
    """A duration such as `30d`, `12h`, `15m`, `2w` or `45s` in seconds, None when it is not one."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _SECONDS[found[2]] if found else None


@lru_cache(maxsize=256)
def _period(day: int, unit: str) -> tuple[int, int]:
    # in whole days since 0001-01-01, so that the year 9999 has an end
    date = datetime.fromordinal(day)
    if unit == "day":
        first, length = day, 1
    elif unit == "week":
        first, length = day - date.weekday(), 7
    elif unit == "month":
        first, length = day - date.day + 1, monthrange(date.year, date.month)[1]
    else:
        first, length = date.replace(month=1, day=1).toordinal(), 366 if isleap(date.year) else 365
    return (first - _EPOCH_DAY) * 86_400, (first + length - _EPOCH_DAY) * 86_400


def is_current(time: float | None, unit: str, now: float) -> bool:
    """Whether a time lies in the same day, ISO week (from Monday), month or year as now, in UTC."""
    if time is None:
        return False
    start, end = _period(int(now // 86_400) + _EPOCH_DAY, unit)
    return start <= time < end


_DERIVED = "seconds({read})"


def _check_time(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    if seconds(value) is None:
        yield "", "Must be a time in RFC 3339, such as 2026-11-22T10:00:00Z, or in seconds since 1970."


def _check_duration(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    if duration(value) is None:
        yield "", "Must be a duration such as 30d, 12h, 15m, 2w or 45s."


def _check_unit(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    if not isinstance(value, str) or value not in _UNITS:
        yield "", "Must be day, week, month or year."


def _order(actual: Any, value: Any, _ignore_case: bool, _now: float, *, sign: str) -> bool:
    time, bound = seconds(actual), seconds(value)
    if time is None or bound is None:
        return False
    return time < bound if sign == "<" else time > bound


def _order_code(value: Any, _ignore_case: bool, *, sign: str) -> Code:
    return Code(f"{{read}} is not None and {{x}} {sign} {{0}}", (seconds(value),), _DERIVED)


def _within_last(actual: Any, value: Any, _ignore_case: bool, now: float) -> bool:
    time = seconds(actual)
    return time is not None and now - (duration(value) or 0) <= time <= now


def _within_last_code(value: Any, _ignore_case: bool) -> Code:
    return Code("{read} is not None and now - {0} <= {x} <= now", (duration(value),), _DERIVED)


def _in_current(actual: Any, value: Any, _ignore_case: bool, now: float) -> bool:
    return is_current(seconds(actual), value, now)


def _in_current_code(value: Any, _ignore_case: bool) -> Code:
    return Code("is_current({read}, {0}, now)", (value,), _DERIVED)


OPERATORS = (
    Operator(
        name="before",
        meaning="The attribute is a time before the value.",
        attribute="time",
        operand="a time",
        check=_check_time,
        test=partial(_order, sign="<"),
        code=partial(_order_code, sign="<"),
    ),
    Operator(
        name="after",
        meaning="The attribute is a time after the value.",
        attribute="time",
        operand="a time",
        check=_check_time,
        test=partial(_order, sign=">"),
        code=partial(_order_code, sign=">"),
    ),
    Operator(
        name="within_last",
        meaning="The attribute is a time in the last such duration: now - value <= attribute <= now.",
        attribute="time",
        operand="a duration: a whole number from 1 and s, m, h, d or w",
        check=_check_duration,
        test=_within_last,
        code=_within_last_code,
        relative=True,
    ),
    Operator(
        name="in_current",
        meaning="The attribute is a time in the current day, week (ISO, from Monday), month or year, in UTC.",
        attribute="time",
        operand="day, week, month or year",
        check=_check_unit,
        test=_in_current,
        code=_in_current_code,
        relative=True,
    ),
)
HELPERS = {"seconds": seconds, "is_current": is_current}
