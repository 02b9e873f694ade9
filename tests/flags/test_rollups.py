"""Counts by the minute become counts by the hour and by the day: nothing is lost or counted twice on the way."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Environment
from flags.models import DayCount, EvaluationCount, HourCount, HourTotal
from flags.services import roll_up_counts
from flags.services.counts import count_evaluations
from flags.tasks import roll_up_counts as roll_up_task
from flags.usage.counts import PERIODS, by_hour, most_used, usage
from flags.usage.reports import Count
from flagsite.lib import clock
from tests.flags.test_concurrency import at_once

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 30, 45, tzinfo=UTC)
KEPT = {"minutes_kept": timedelta(hours=2), "hours_kept": timedelta(days=90), "days_kept": timedelta(days=730)}


@pytest.fixture(autouse=True)
def _half_past_twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def counted(ago: timedelta, number: int = 1, *, flag: str = "sale", variation: str | None = "on", **more: Any) -> Count:
    return Count(flag, variation, more.pop("reason", "FALLTHROUGH"), number, NOW - ago, **more)


def tables() -> tuple[int, int, int]:
    """What stands in each of the three tables, added up."""
    minutes, hours, days = (
        model.objects.aggregate(total=Sum("count", default=0))["total"]
        for model in (EvaluationCount, HourCount, DayCount)
    )
    return minutes, hours, days


def test_minutes_stay_for_their_time_then_hours_then_days_then_nothing(production: Environment) -> None:
    ages = (timedelta(), timedelta(hours=2), timedelta(hours=3), timedelta(days=89), timedelta(days=91))
    count_evaluations(production, [counted(age, 10**place) for place, age in enumerate(ages)])
    assert roll_up_counts(**KEPT) == 4  # three minutes, and the oldest of them once more as an hour
    assert tables() == (11, 1_100, 10_000)
    assert HourCount.objects.get(count=100).hour == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert DayCount.objects.get().day == datetime(2026, 8, 23, tzinfo=UTC)
    assert roll_up_counts(**{**KEPT, "days_kept": timedelta(days=90)}) == 1
    assert tables() == (11, 1_100, 0)


def test_totals_of_hours_go_after_two_days(production: Environment) -> None:
    count_evaluations(production, [counted(timedelta(hours=1)), counted(timedelta(hours=49))])
    assert HourTotal.objects.count() == 1  # what comes too late is not even begun
    HourTotal.objects.update(hour=NOW - timedelta(hours=50))
    assert roll_up_counts(**KEPT) == 1
    assert not HourTotal.objects.exists()


def test_the_migration_fills_the_totals_from_what_is_there(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    ages = (timedelta(), timedelta(minutes=1), timedelta(hours=9), timedelta(days=3))
    count_evaluations(production, [counted(age, 2) for age in ages])
    count_evaluations(production, [counted(timedelta(hours=9), 3, variation=None, reason="ERROR")])
    roll_up_counts(**KEPT)
    kept = set(HourTotal.objects.values_list("flag_key", "hour", "count", "errors"))
    HourTotal.objects.all().delete()
    import_module("flags.migrations.0007_total_the_last_hours").fill(apps, None)
    assert set(HourTotal.objects.values_list("flag_key", "hour", "count", "errors")) == kept
    assert {(count, errors) for _, _, count, errors in kept} == {(4, 0), (5, 3)}


def test_rolling_up_again_changes_nothing(production: Environment) -> None:
    count_evaluations(production, [counted(timedelta(hours=age), 3) for age in range(5)])
    assert roll_up_counts(**KEPT) == 2
    before = tables()
    assert roll_up_counts(**KEPT) == roll_up_task() == 0
    assert tables() == before == (9, 6, 0)


def test_what_comes_late_is_added_to_the_hour_that_is_there(production: Environment) -> None:
    for _ in range(3):
        count_evaluations(production, [counted(timedelta(hours=30), 7), counted(timedelta(days=100), 2)])
        roll_up_counts(**KEPT)
    assert (HourCount.objects.get().count, DayCount.objects.get().count) == (21, 6)


def test_what_is_counted_apart_stays_apart(production: Environment, development: Environment) -> None:
    kinds: list[dict[str, Any]] = [
        {},
        {"flag": "banner"},
        {"variation": "off"},
        {"reason": "RULE_MATCH"},
        {"variation": None, "reason": "ERROR", "error_code": "FLAG_NOT_FOUND"},
        {"variation": None, "reason": "ERROR", "error_code": "INVALID_CONTEXT"},
    ]
    for environment in (production, development):
        count_evaluations(environment, [counted(timedelta(days=100), **kind) for kind in kinds])
    roll_up_counts(**KEPT)
    assert DayCount.objects.filter(count=1).count() == 2 * len(kinds)


MOMENTS = st.integers(min_value=0, max_value=100 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
COUNTS = st.lists(
    st.builds(
        counted,
        MOMENTS,
        st.integers(min_value=1, max_value=10**12),
        flag=st.sampled_from(["sale", "banner"]),
        variation=st.sampled_from(["on", "off", "Ω", "a b"]),
        reason=st.sampled_from(["FALLTHROUGH", "ERROR"]),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.tuples(COUNTS, st.booleans()), max_size=5))
def test_no_order_of_reports_and_roll_ups_changes_what_is_read(
    production: Environment, batches: list[tuple[list[Count], bool]]
) -> None:
    for model in (EvaluationCount, HourCount, DayCount, HourTotal):
        model.objects.all().delete()
    for counts, is_rolled_up in batches:
        count_evaluations(production, counts)
        if is_rolled_up:
            roll_up_counts(**KEPT)
    every = [count for counts, _ in batches for count in counts]
    assert sum(tables()) == sum(count.count for count in every)
    for key, period in PERIODS.items():
        if key != "hour":  # its minutes are those that are not rolled up
            assert read(production, key) == expected(every, period.begin(NOW), period.unit), key

    assert totals(production) == expected_totals(every)


def totals(environment: Environment) -> tuple[dict[datetime, int], list[tuple[str, int, int]]]:
    """What is told of all flags at once."""
    since = NOW.replace(minute=0, second=0) - timedelta(hours=23)
    hours = {hour: number for (_, hour), number in by_hour([environment.pk], since=since).items()}
    most = most_used([environment.pk], since=since, most=9)
    return hours, [(used.flag_key, used.count, used.errors) for used in most]


def expected_totals(counts: Iterable[Count]) -> tuple[dict[datetime, int], list[tuple[str, int, int]]]:
    hours: Counter[datetime] = Counter()
    flags: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    since = NOW.replace(minute=0, second=0) - timedelta(hours=23)
    for count in counts:
        hour = count.minute.replace(minute=0, second=0)
        if hour >= since:
            hours[hour] += count.count
            flags[count.flag] += count.count
            failed[count.flag] += count.count if count.reason == "ERROR" else 0
    ranked = sorted(flags, key=lambda flag: (-flags[flag], flag))
    return dict(hours), [(flag, flags[flag], failed[flag]) for flag in ranked]


def read(environment: Environment, period: str) -> Counter[tuple[str, datetime, str]]:
    sums: Counter[tuple[str, datetime, str]] = Counter()
    for flag in ("sale", "banner"):
        for found in usage(environment.pk, flag, PERIODS[period], now=NOW):
            sums[flag, found.at, found.variation] += found.count
    return sums


def expected(counts: Iterable[Count], since: datetime, unit: str) -> Counter[tuple[str, datetime, str]]:
    sums: Counter[tuple[str, datetime, str]] = Counter()
    for count in counts:
        begin = count.minute.replace(minute=0, second=0)
        begin = begin.replace(hour=0) if unit == "day" else begin
        if begin >= since:
            sums[count.flag, begin, count.variation or ""] += count.count
    return sums


def test_an_hour_is_read_by_the_minute(production: Environment) -> None:
    count_evaluations(production, [counted(timedelta(minutes=ago), ago + 1) for ago in (0, 59, 60)])
    found = usage(production.pk, "sale", PERIODS["hour"], now=NOW)
    assert sorted((f"{each.at:%H:%M}", each.count) for each in found) == [("11:31", 60), ("12:30", 1)]


def test_the_most_used_flags_with_the_share_that_failed(production: Environment, development: Environment) -> None:
    count_evaluations(production, [counted(timedelta(hours=5), 30), counted(timedelta(), 20, flag="banner")])
    count_evaluations(development, [counted(timedelta(), 5, variation=None, reason="ERROR")])
    count_evaluations(production, [counted(timedelta(days=3), 1_000, flag="old")])
    roll_up_counts(**KEPT)
    both = [production.pk, development.pk]
    found = most_used(both, since=NOW - timedelta(days=1), most=5)
    assert [(used.flag_key, used.count, used.errors) for used in found] == [("sale", 35, 5), ("banner", 20, 0)]
    assert found[0].error_share == pytest.approx(1 / 7)
    assert [used.flag_key for used in most_used(both, since=NOW - timedelta(days=1), most=1)] == ["sale"]
    hours = by_hour(both, since=NOW - timedelta(days=1))
    assert hours[production.pk, datetime(2026, 11, 22, 7, tzinfo=UTC)] == 30


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_and_reports_meanwhile_count_everything_once(production: Environment) -> None:
    hours = [timedelta(hours=age) for age in range(3, 9)]

    def reported(flags: Iterable[int]) -> None:
        for hour in hours:
            count_evaluations(production, [counted(hour, flag=f"flag-{number}") for number in flags])

    def rolled() -> None:
        for _ in range(10):
            roll_up_counts(**KEPT)

    forwards, backwards = range(40), range(39, -1, -1)
    jobs: list[Callable[[], None]] = [partial(reported, forwards), partial(reported, backwards), rolled, rolled]
    assert at_once(*jobs, partial(reported, backwards)) == [None] * 5
    roll_up_counts(**KEPT)
    assert tables() == (0, 3 * len(hours) * 40, 0)
    assert HourCount.objects.filter(count=3).count() == HourCount.objects.count() == len(hours) * 40


@pytest.mark.django_db(transaction=True)
def test_a_round_that_breaks_off_has_moved_whole_hours_only(production: Environment) -> None:
    count_evaluations(production, [counted(timedelta(hours=age)) for age in (10, 20)])
    seen = 0

    def broken(execute: Any, sql: str, *arguments: Any) -> Any:
        nonlocal seen
        done = execute(sql, *arguments)
        seen += "flags_hourcount" in sql
        if seen == 2:
            raise KeyboardInterrupt
        return done

    with pytest.raises(KeyboardInterrupt), connection.execute_wrapper(broken):
        roll_up_counts(**KEPT)
    assert tables() == (1, 1, 0)
    roll_up_counts(**KEPT)
    assert tables() == (0, 2, 0)
