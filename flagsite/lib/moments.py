"""Moments as text: RFC 3339, and ages such as `1h`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.dateparse import parse_datetime

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


def moment_before(text: str, *, now: datetime) -> datetime | None:
    """Return the moment that lies so long before now (`90s`, `15m`, `1h`, `7d`, `2w`), or that RFC 3339 names."""
    age = _AGE.fullmatch(text)
    if age is None:
        return moment_of(text)
    try:
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    except OverflowError:
        return None
