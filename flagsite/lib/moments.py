"""Moments as text: RFC 3339, dates, and ages such as `1h`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.dateparse import parse_datetime

PAST_MOMENT: Final = (
    "A moment is RFC 3339 with an offset, such as 2026-11-22T10:00:00Z, a date, such as 2026-11-22, of which it is the "
    "first moment in UTC, or so long ago, such as 1h."
)
"""What `moment_before` reads, in words."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AGE: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC to the microsecond; as texts these sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment_of(text: str) -> datetime | None:
    """Return the moment of an RFC 3339 text with an offset, in UTC; None for any other text."""
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def duration_of(text: str) -> timedelta | None:
    """Return the duration of a text such as `90s`, `15m`, `1h`, `7d` or `2w`; None for any other text."""
    found = _AGE.fullmatch(text)
    if found is None:
        return None
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        return None


def duration_text(duration: timedelta) -> str:
    """Return a duration as `duration_of` reads it, in the largest unit that divides it."""
    seconds = round(duration.total_seconds())
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment_before(text: str, *, now: datetime) -> datetime | None:
    """Return the moment that lies so long before now (`90s`, `15m`, `1h`, `7d`, `2w`), or that RFC 3339 names.

    A date is its first moment in UTC.
    """
    if _DATE.fullmatch(text):
        text += "T00:00:00Z"
    if not _AGE.fullmatch(text):
        return moment_of(text)
    age = duration_of(text)
    try:
        return now - age if age is not None else None
    except OverflowError:
        return None
