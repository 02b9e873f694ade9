"""How often flags were evaluated: reads at the resolution that a period wants.

A count stands in one of three tables (flags/models/counts.py), so what is read of one flag adds the tables up; it never
matters which of its counts have been rolled up yet. What is read of all flags at once comes from the totals of the
last hours: a row for each flag and hour, however many series it was evaluated to.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Manager, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour, TruncMinute
from flagsite_sdk.engine.result import Reason

from flags.models import DayCount, EvaluationCount, HourCount, HourTotal

_TABLES: Final[tuple[tuple[Manager[Any], str], ...]] = (
    (EvaluationCount.objects, "minute"),
    (HourCount.objects, "hour"),
    (DayCount.objects, "day"),
)
_TRUNCATED: Final = {"minute": TruncMinute, "hour": TruncHour, "day": TruncDay}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The time that is looked at, up to now: so many minutes, hours or days (UTC)."""

    key: str
    words: str
    unit: str
    steps: int

    @property
    def step(self) -> timedelta:
        """Return how long one of them is."""
        return timedelta(**{f"{self.unit}s": 1})

    def moments(self, now: datetime) -> list[datetime]:
        """Return when each begins, the present one last."""
        first = self.begin(now)
        return [first + self.step * number for number in range(self.steps)]

    def at(self, moment: datetime, now: datetime) -> int | None:
        """Return the place of the step that a moment lies in."""
        place = (self._step_of(moment) - self.begin(now)) // self.step
        return place if 0 <= place < self.steps else None

    def begin(self, now: datetime) -> datetime:
        """Return when the first begins."""
        return self._step_of(now) - self.step * (self.steps - 1)

    def _step_of(self, moment: datetime) -> datetime:
        minute = moment.replace(second=0, microsecond=0)
        return {"minute": minute, "hour": minute.replace(minute=0), "day": minute.replace(hour=0, minute=0)}[self.unit]


PERIODS: Final = {
    period.key: period
    for period in (
        Period("hour", "Hour", "minute", 60),
        Period("day", "Day", "hour", 24),
        Period("week", "Week", "hour", 7 * 24),
        Period("month", "Month", "day", 30),
        Period("quarter", "90 days", "day", 90),
    )
}


@dataclass(frozen=True)
class Counted:
    """How often something came out; `at` is when its minute, hour or day begins."""

    at: datetime
    variation: str
    reason: str
    error_code: str
    count: int

    @property
    def failed(self) -> bool:
        """Tell whether callers got their own default."""
        return self.reason == Reason.ERROR


def usage(environment: int, flag_key: str, period: Period, *, now: datetime) -> list[Counted]:
    """Return what a flag came out as in a period, in three queries."""
    about = Q(environment=environment, flag_key=flag_key)
    sums = _sums(about, "variation", "reason", "error_code", unit=period.unit, since=period.begin(now))
    return [Counted(at, variation, reason, code, count) for (at, variation, reason, code), count in sums.items()]


def evaluated_since(environment: int, flag_key: str, since: datetime) -> int:
    """Return how often a flag has come out as a variation in the whole minutes since then, in three queries.

    What has been rolled up counts where its hour begins: over hours it is rather too little than too much.
    """
    first = since.replace(second=0, microsecond=0) + timedelta(minutes=1)
    about = Q(environment=environment, flag_key=flag_key) & ~Q(reason=Reason.ERROR)
    return sum(rows.aggregate(total=Sum("count", default=0))["total"] for rows, _ in _tables(about, first))


def last_counted(environment: int, flag_key: str) -> datetime | None:
    """Return when the newest minute, hour or day begins in which a flag was asked for, in three queries."""
    about = Q(environment=environment, flag_key=flag_key)
    newest = [rows.filter(about).aggregate(newest=Max(column))["newest"] for rows, column in _TABLES]
    return max((each for each in newest if each), default=None)


def by_hour(environments: Collection[int], *, since: datetime) -> dict[tuple[int, datetime], int]:
    """Return how often flags were evaluated, by id of the environment and by hour of the last two days."""
    rows = HourTotal.objects.filter(environment__in=environments, hour__gte=since).values_list("environment", "hour")
    found: Counter[tuple[int, datetime]] = Counter()
    for environment, hour, total in rows.annotate(total=Sum("count")):
        found[environment, hour] += total  # SQLite knows a moment that was written in two ways as two
    return found


@dataclass(frozen=True)
class Used:
    """A flag of a project: how often it was evaluated, and how many of that failed."""

    project_id: int
    flag_key: str
    count: int
    errors: int

    @property
    def error_share(self) -> float:
        """Return which share failed, 0 to 1."""
        return self.errors / self.count


def most_used(environments: Collection[int], *, since: datetime, most: int) -> list[Used]:
    """Return the flags that were evaluated most within the last two days."""
    rows = HourTotal.objects.filter(environment__in=environments, hour__gte=since)
    sums = rows.values_list("environment__project", "flag_key").annotate(total=Sum("count"), failed=Sum("errors"))
    return [Used(*found) for found in sums.order_by("-total", "environment__project", "flag_key")[:most]]


def _sums(about: Q, *fields: str, unit: str, since: datetime) -> Counter[tuple[Any, ...]]:
    """Return the sums by the step's beginning and the fields, in three queries."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for rows, column in _tables(about, since):
        steps = rows.annotate(step=_TRUNCATED[unit](column)).values_list("step", *fields)
        for *slot, count in steps.annotate(total=Sum(F("count"))):
            sums[tuple(slot)] += count
    return sums


def _tables(about: Q, since: datetime) -> list[tuple[QuerySet[Any], str]]:
    """Return the rows of every table since then; what was rolled up stands at the beginning of its hour or day."""
    return [(rows.filter(about, **{f"{column}__gte": since}).order_by(), column) for rows, column in _TABLES]
