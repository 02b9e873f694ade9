"""When a server wants to be asked again.

An answer says it in its Retry-After header, by seconds or a date (RFC 9110, 10.2.3): not before. A stream that is
closed says it in the reason, `retry-within=5`: at a moment of the client's own choice within so many seconds, so that
those whom one server sends away do not fall upon the next together.
"""

import re
import time

_WITHIN = re.compile(r"\bretry-within=([0-9]{1,4})\b", re.ASCII)
_LONGEST_SPREAD = 300.0
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


def read_retry_within(reason: str) -> float:
    """Return the seconds within which to come back, between 0 (nothing was said) and five minutes."""
    found = _WITHIN.search(reason)
    return min(float(found[1]), _LONGEST_SPREAD) if found else 0.0
