"""The partitions of recorded evaluations: one a day, made ahead of time and dropped whole. PostgreSQL only.

A day's rows go to the default partition while the day has none of its own, and are moved when it gets one; so whoever
writes never depends on this. It knows days and names, and nothing of what is recorded.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from flags.models import RecordedEvaluation
from flagsite.lib import clock

DAYS_AHEAD: Final = 3
_TABLE: Final = "flags_recordedevaluation"
_OTHER: Final = f"{_TABLE}_other"
_NAME: Final = re.compile(rf"{_TABLE}_(\d{{8}})")
_PATIENCE: Final = "SET LOCAL lock_timeout = '3s'"
"""Who waits for a lock makes everybody wait behind: rather give up, and come again with the next round."""
_CHILDREN: Final = """
    SELECT child.relname FROM pg_inherits
    JOIN pg_class child ON child.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = %s::regclass
"""


def make_partitions() -> list[date]:
    """Make the partitions of today and the next days that are missing; return which were."""
    if not _is_partitioned():
        return []
    today = clock.now().date()
    wanted = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    missing = sorted(set(wanted) - set(_days()))
    for day in missing:
        _make(day)
    return missing


def drop_partitions(*, before: datetime) -> int:
    """Drop the days that lie wholly before the moment, and older rows without a day; return how many those were.

    Where there are no partitions, all rows are such. A day that has begun before the moment stays until it is over:
    deleting its rows hour by hour is what partitions are there to avoid.
    """
    if not _is_partitioned():
        return RecordedEvaluation.objects.filter(time__lt=before).delete()[0]
    for day in sorted(day for day in _days() if _midnight(day) + timedelta(days=1) <= before):
        _run(f'DROP TABLE "{_name(day)}"')
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{_OTHER}" WHERE time < %s', [before])  # noqa: S608 - a name of ours
        return int(cursor.rowcount)


def _make(day: date) -> None:
    """Make a day's partition with the rows of it that are there already."""
    name, begins = _name(day), _midnight(day)
    bounds = f"'{begins:%F %T}+00' AND time < '{begins + timedelta(days=1):%F %T}+00'"
    _run(
        f'LOCK TABLE "{_OTHER}" IN ACCESS EXCLUSIVE MODE',
        f'CREATE TABLE "{name}" (LIKE "{_TABLE}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        f'WITH moved AS (DELETE FROM "{_OTHER}" WHERE time >= {bounds} RETURNING *) '  # noqa: S608 - names of ours
        f'INSERT INTO "{name}" SELECT * FROM moved',
        f'ALTER TABLE "{_TABLE}" ATTACH PARTITION "{name}" '
        f"FOR VALUES FROM ('{begins:%F %T}+00') TO ('{begins + timedelta(days=1):%F %T}+00')",
    )


def _run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (_PATIENCE, *statements):
            cursor.execute(statement)


def _days() -> Iterable[date]:
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN, [_TABLE])
        names = [_NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return [datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date() for found in names if found]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _name(day: date) -> str:
    return f"{_TABLE}_{day:%Y%m%d}"


def _is_partitioned() -> bool:
    return connection.vendor == "postgresql"
