"""Adding to how often flags were evaluated, and noting when they last were.

On PostgreSQL a batch of thousands of rows is one statement for each table. Everybody adds in one order (the tables
alike, their rows by code points, which is also the order in which rows are rolled up), so that no two can wait for
each other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from flagsite_sdk.engine.result import Reason

from accounts.models import Environment
from flags.models import Flag, LastEvaluation
from flags.usage.quotas import may_be_counted
from flags.usage.reports import Count
from flagsite.lib import clock

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


@transaction.atomic
def count_evaluations(environment: Environment, counts: Iterable[Count]) -> None:
    """Add to how often flags were evaluated in each minute, and note when those that are there last were."""
    given = list(counts)
    newest = _newest(given)
    held = LastEvaluation.objects.filter(environment=environment, flag_key__in=newest).values_list("flag_key", "at")
    known = dict(held)
    due = [key for key, at in newest.items() if key not in known or known[key] + LAST_EVALUATION_PRECISION < at]
    rows = Flag.objects.filter(project=environment.project_id, key__in=due).values_list("key", flat=True)
    there = set(rows) if due else set()
    flags = there | known.keys()
    given = [each for each in given if each.flag in flags or may_be_counted(environment.pk, each.flag)]
    now = clock.now()
    _add_counts(environment, given)
    _add_totals(environment, given, since=now - TOTALS_KEPT)
    # of a flag's last evaluation: a clock that runs ahead would keep it fresh for as long
    _write(environment, [(key, min(newest[key], now)) for key in sorted(there)], arrays=_LAST_ARRAYS, row=_LAST_ROW)


def _newest(counts: list[Count]) -> dict[str, datetime]:
    """Return when each flag was last asked for."""
    newest: dict[str, datetime] = {}
    for entry in counts:
        at = entry.minute.astimezone(UTC)
        newest[entry.flag] = max(at, newest.get(entry.flag, at))
    return newest


def _add_counts(environment: Environment, counts: list[Count]) -> None:
    sums: Counter[tuple[str, str, str, str, datetime]] = Counter()
    for entry in counts:
        minute = entry.minute.astimezone(UTC).replace(second=0, microsecond=0)
        sums[entry.flag, entry.variation or "", entry.reason, entry.error_code or "", minute] += entry.count
    _write(environment, [(*slot, number) for slot, number in sorted(sums.items())], arrays=_ADD_ARRAYS, row=_ADD_ROW)


def _add_totals(environment: Environment, counts: list[Count], *, since: datetime) -> None:
    sums: Counter[tuple[str, datetime]] = Counter()
    errors: Counter[tuple[str, datetime]] = Counter()
    for entry in counts:
        hour = entry.minute.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
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
