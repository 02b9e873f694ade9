"""Adding to how often flags were evaluated, and noting when they last were.

On PostgreSQL a batch of thousands of rows is one statement for each table. Everybody adds in one order (the tables
alike, their rows by code points, which is also the order in which rows are rolled up), so that no two can wait for
each other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from flagsite_sdk.engine.result import Reason

from accounts.models import Environment
from flags import metrics
from flags.models import Flag, LastEvaluation
from flags.usage.clocks import Clocks, minute_of
from flags.usage.quotas import may_be_counted
from flags.usage.reports import Count
from flagsite.lib import clock

log = structlog.get_logger(__name__)

_ADD: Final = """
    INSERT INTO flags_evaluationcount (environment_id, flag_key, variation, reason, error_code, minute, count)
    {rows}
    ON CONFLICT (environment_id, flag_key, variation, reason, error_code, minute)
    DO UPDATE SET count = flags_evaluationcount.count + EXCLUDED.count
"""
"""Django's bulk_create can replace a row that is there, but not add to it. Both databases know this SQL."""
_ADD_ARRAYS: Final = _ADD.format(
    rows="SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[])"
)
_ADD_ROW: Final = _ADD.format(rows="VALUES (%s, %s, %s, %s, %s, %s, %s)")

_TOTAL: Final = """
    INSERT INTO flags_hourtotal (environment_id, flag_key, hour, count, errors)
    {rows}
    ON CONFLICT (environment_id, hour, flag_key) DO UPDATE
    SET count = flags_hourtotal.count + EXCLUDED.count, errors = flags_hourtotal.errors + EXCLUDED.errors
"""
_TOTAL_ARRAYS: Final = _TOTAL.format(
    rows="SELECT %s, * FROM unnest(%s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[])"
)
_TOTAL_ROW: Final = _TOTAL.format(rows="VALUES (%s, %s, %s, %s, %s)")
TOTALS_KEPT: Final = timedelta(hours=48)
"""How long an hour's totals are kept; who asks for them asks about the last day."""

_LAST: Final = """
    INSERT INTO flags_lastevaluation (environment_id, flag_key, at)
    {rows}
    ON CONFLICT (environment_id, flag_key)
    DO UPDATE SET at = EXCLUDED.at WHERE flags_lastevaluation.at < EXCLUDED.at
"""
_LAST_ARRAYS: Final = _LAST.format(rows="SELECT %s, * FROM unnest(%s::text[], %s::timestamptz[])")
_LAST_ROW: Final = _LAST.format(rows="VALUES (%s, %s, %s)")
LAST_EVALUATION_PRECISION: Final = timedelta(hours=1)
"""The last evaluation of a flag is written down at most so often, so that most reports only read it."""

_Placed = tuple[datetime, Count]
"""A count, and the minute that it is added to."""


@transaction.atomic
def count_evaluations(environment: Environment, counts: Iterable[Count], *, clocks: Clocks | None = None) -> None:
    """Add to how often flags were evaluated in each minute, and note when those that are there last were.

    A clock that is wrong is set right (flags/usage/clocks.py). What is so long past that its counts are kept no more is
    counted now: it was evaluated, by a clock that is wrong. Whatever lies between may be a report that is late.
    """
    now = clock.now()
    given = _placed(counts, clocks or Clocks(ours=now, latest=now))
    newest = _newest(given)
    held = LastEvaluation.objects.filter(environment=environment, flag_key__in=newest).values_list("flag_key", "at")
    known = dict(held)
    due = [key for key, at in newest.items() if key not in known or known[key] + LAST_EVALUATION_PRECISION < at]
    rows = Flag.objects.filter(project=environment.project_id, key__in=due).values_list("key", flat=True)
    there = set(rows) if due else set()
    flags = there | known.keys()
    counted = [each for each in given if each[1].flag in flags or may_be_counted(environment.pk, each[1].flag)]
    _add_counts(environment, counted)
    _add_totals(environment, counted, since=now - TOTALS_KEPT)
    _write(environment, [(key, newest[key]) for key in sorted(there)], arrays=_LAST_ARRAYS, row=_LAST_ROW)
    _tell_of_lost(environment, _sum(given) - _sum(counted))


def _placed(counts: Iterable[Count], received: Clocks) -> list[_Placed]:
    minutes = [(minute_of(each.minute), each) for each in counts]
    present = minute_of(received.ours)
    clocks = received.of_minutes(max((minute for minute, _ in minutes), default=present))
    oldest = received.ours - timedelta(days=settings.COUNT_DAYS_RETENTION_DAYS)
    right = ((minute_of(clocks.set_right(minute)), each) for minute, each in minutes)
    return [(minute if minute >= oldest else present, each) for minute, each in right]


def _sum(counts: list[_Placed]) -> int:
    return sum(entry.count for _, entry in counts)


def _tell_of_lost(environment: Environment, number: int) -> None:
    """Say that evaluations of keys which no flag has were not counted; after everything that could still fail."""
    if number:
        metrics.dropped("unknown_flags", number)
        log.warning("evaluations_of_unknown_flags_not_counted", environment=environment.pk, number=number)


def _newest(counts: list[_Placed]) -> dict[str, datetime]:
    """Return when each flag was last asked for."""
    newest: dict[str, datetime] = {}
    for minute, entry in counts:
        newest[entry.flag] = max(minute, newest.get(entry.flag, minute))
    return newest


def _add_counts(environment: Environment, counts: list[_Placed]) -> None:
    sums: Counter[tuple[str, str, str, str, datetime]] = Counter()
    for minute, entry in counts:
        sums[entry.flag, entry.variation or "", entry.reason, entry.error_code or "", minute] += entry.count
    _write(environment, [(*slot, number) for slot, number in sorted(sums.items())], arrays=_ADD_ARRAYS, row=_ADD_ROW)


def _add_totals(environment: Environment, counts: list[_Placed], *, since: datetime) -> None:
    sums: Counter[tuple[str, datetime]] = Counter()
    errors: Counter[tuple[str, datetime]] = Counter()
    for minute, entry in counts:
        hour = minute.replace(minute=0)
        if hour >= since:
            sums[entry.flag, hour] += entry.count
            errors[entry.flag, hour] += entry.count if entry.reason == Reason.ERROR else 0
    rows = [(*slot, number, errors[slot]) for slot, number in sorted(sums.items())]
    _write(environment, rows, arrays=_TOTAL_ARRAYS, row=_TOTAL_ROW)


def _write(environment: Environment, rows: Sequence[tuple[Any, ...]], *, arrays: str, row: str) -> None:
    """Write the rows in their order: in one statement where the database knows arrays."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(arrays, [environment.pk, *(list(column) for column in zip(*rows, strict=True))])
        else:
            cursor.executemany(row, [(environment.pk, *each) for each in rows])
