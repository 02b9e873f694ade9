"""How much a server key's reports may add: rows in a day, and keys that no flag has. Each process counts for itself.

Sums are not rows: a thousand SDKs that count the same flags add to the same rows. What is kept one by one is.
"""

from functools import lru_cache
from time import monotonic
from typing import Final

from django.conf import settings

from flags.limits import MAX_REPORT_ROWS, MAX_UNKNOWN_FLAGS
from flags.usage.reports import Report
from flagsite.lib.problems import TooManyRequests
from flagsite.lib.token_buckets import TokenBuckets

DAY: Final = 86_400
HOURS_AT_ONCE: Final = 1
"""What was not used for so many hours may come at once."""

_unknown: Final[set[tuple[int, str]]] = set()


def take(environment_id: int, report: Report) -> None:
    """Count the rows that a report adds to an environment: itself, its events and its evaluations.

    Raises:
        TooManyRequests: when there were too many in the last hours.
    """
    per_day = settings.REPORTED_ROWS_PER_DAY
    if not per_day:
        return
    rows = 1 + len(report.events) + len(report.evaluations)
    wait = _buckets(per_day).take(environment_id, monotonic(), tokens=rows)
    if wait:
        detail = f"The SDKs of this environment may report {per_day:,} events and evaluations a day."
        raise TooManyRequests(detail, retry_after=wait)


def may_be_counted(environment_id: int, key: str) -> bool:
    """Tell whether a key that no flag has is counted: the first so many are, callers may make up any number."""
    if (environment_id, key) not in _unknown:
        if len(_unknown) >= MAX_UNKNOWN_FLAGS:
            return False
        _unknown.add((environment_id, key))
    return True


def start_anew() -> None:
    """Forget what was reported."""
    _buckets.cache_clear()
    _unknown.clear()


@lru_cache(maxsize=2)
def _buckets(per_day: int) -> TokenBuckets:
    at_once = max(per_day * HOURS_AT_ONCE / 24, 1 + MAX_REPORT_ROWS)  # the largest report has to come through
    return TokenBuckets(per_second=per_day / DAY, burst=at_once)
