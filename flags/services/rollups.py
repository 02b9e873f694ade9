"""Rolling counts up: minutes that are over become hours, hours that are long over become days; old days go.

A count is moved, never copied: it leaves one table in the transaction in which it is added to the next. So nothing is
counted twice or lost, however often this runs, wherever it is interrupted, and however late a report comes: what is
late stands among the minutes until the next round moves it after the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models import OuterRef, Subquery

from accounts.models import Environment
from flags.models import DayCount, EvaluationCount, HourCount, HourTotal
from flags.services.counts import TOTALS_KEPT
from flagsite.lib import clock

_LOCK: Final = 0x666C6167  # "flag": any number that nobody else takes
_SLOT: Final = "flag_key, variation, reason, error_code"

_MOVE: Final = """
    WITH held AS MATERIALIZED (
        SELECT id FROM {source}
        WHERE environment_id = %(environment)s AND {of} >= %(begins)s AND {of} < %(ends)s
        ORDER BY flag_key COLLATE "C", variation COLLATE "C", reason COLLATE "C", error_code COLLATE "C", {of}
        FOR UPDATE
    ), gone AS (
        DELETE FROM {source} USING held WHERE {source}.id = held.id RETURNING {slot}, {source}.count
    ), moved AS (
        INSERT INTO {target} (environment_id, {slot}, {to}, count)
        SELECT %(environment)s, {slot}, %(begins)s, SUM(count) FROM gone GROUP BY {slot}
        ON CONFLICT (environment_id, {slot}, {to}) DO UPDATE SET count = {target}.count + EXCLUDED.count
    )
    SELECT COUNT(*) FROM gone
"""
"""One statement, so that what a reporter adds meanwhile is either moved with the rest or stays where it is. Rows are
locked in the order in which reporters add to them (flags/services/counts.py)."""

_ADD: Final = """
    INSERT INTO {target} (environment_id, {slot}, {to}, count)
    SELECT environment_id, {slot}, %s, SUM(count) FROM {source}
    WHERE environment_id = %s AND {of} >= %s AND {of} < %s GROUP BY environment_id, {slot}
    ON CONFLICT (environment_id, {slot}, {to}) DO UPDATE SET count = {target}.count + EXCLUDED.count
"""
"""The same for SQLite, where nobody else writes while a transaction does; the rows are deleted afterwards."""


@dataclass(frozen=True)
class Step:
    """From which table to which, by which columns, and for how long a row of the target stands."""

    rows: models.Manager[Any]
    source: str
    of: str
    target: str
    to: str
    length: timedelta

    def begin(self, moment: datetime) -> datetime:
        """Return when the target's row begins that covers the moment."""
        hour = moment.replace(minute=0, second=0, microsecond=0)
        return hour if self.length < timedelta(days=1) else hour.replace(hour=0)

    def sql(self, text: str) -> str:
        """Put the names into a statement."""
        return text.format(source=self.source, target=self.target, of=self.of, to=self.to, slot=_SLOT)


_HOURS: Final = Step(
    EvaluationCount.objects, "flags_evaluationcount", "minute", "flags_hourcount", "hour", timedelta(hours=1)
)
_DAYS: Final = Step(HourCount.objects, "flags_hourcount", "hour", "flags_daycount", "day", timedelta(days=1))


def roll_up_counts(*, minutes_kept: timedelta, hours_kept: timedelta, days_kept: timedelta) -> int:
    """Move the counts of whole hours and days that are over for so long, delete old days; return how many rows went.

    Totals of hours that are over for long go too; they are not counted among them.
    """
    now = clock.now()
    HourTotal.objects.filter(hour__lt=now - TOTALS_KEPT).delete()
    gone = _roll(_HOURS, before=_HOURS.begin(now - minutes_kept))
    gone += _roll(_DAYS, before=_DAYS.begin(now - hours_kept))
    return gone + DayCount.objects.filter(day__lt=now - days_kept).delete()[0]


def _roll(step: Step, *, before: datetime) -> int:
    """Move hour by hour (day by day) and environment by environment, each in a transaction of its own."""
    rows = step.rows.filter(environment=OuterRef("pk")).order_by(step.of)
    oldest = Environment.objects.annotate(oldest=Subquery(rows.values(step.of)[:1])).filter(oldest__lt=before)
    gone = 0
    while due := list(oldest.order_by("pk").values_list("pk", "oldest")):
        for environment, moment in due:
            moved = _move(step, environment, step.begin(moment))
            if moved is None:
                return gone
            gone += moved
    return gone


@transaction.atomic
def _move(step: Step, environment: int, begins: datetime) -> int | None:
    """Move one hour (day) of an environment; return how many rows were moved, None when somebody else is at it."""
    ends = begins + step.length
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not _only(cursor):
                return None
            cursor.execute(step.sql(_MOVE), {"environment": environment, "begins": begins, "ends": ends})
            return int(_only(cursor))
        cursor.execute(step.sql(_ADD), [begins, environment, begins, ends])
    span = {f"{step.of}__gte": begins, f"{step.of}__lt": ends}
    return step.rows.filter(environment=environment, **span).delete()[0]


def _only(cursor: Any) -> Any:
    (value,) = cursor.fetchone()
    return value
