"""Reads the Retry-After header: seconds, or a date (RFC 9110, 10.2.3)."""

import time

_LONGEST = 3_600.0  # an hour: a header with a typing error must not silence a client for a year


def read_retry_after(header: str | None, *, now: float | None = None) -> float | None:
    """Return the seconds to wait, between 0 and an hour; None when the header is absent or unreadable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST)
    from email.utils import parsedate_to_datetime  # rare, and slow to import

    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, moment - (time.time() if now is None else now)), _LONGEST)
