"""Reports of SDKs whose clocks are wrong: what was evaluated is seen where one looks for it, once."""

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment
from flags.models import Flag, TrackedEvent
from flags.usage.counts import PERIODS, by_hour, usage
from flagsite.lib import clock
from tests.flags.builders import make
from tests.flags.test_sdk_events import batch, count, report

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 0, 40, tzinfo=UTC)
PRESENT = NOW.replace(second=0)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def checkout(production: Environment) -> Flag:
    return make(production.project, "checkout")


def minutes_of(environment: Environment, period: str = "hour") -> dict[datetime, int]:
    return {each.at: each.count for each in usage(environment.pk, "checkout", PERIODS[period], now=NOW)}


@pytest.mark.parametrize("wrong", [timedelta(minutes=1), timedelta(hours=2), timedelta(days=400)])
def test_what_a_clock_that_is_ahead_counted_stands_at_its_receipt_in_its_order(
    wrong: timedelta, sdk: APIClient, production: Environment, checkout: Flag
) -> None:
    ahead = [PRESENT + wrong, PRESENT + wrong - timedelta(minutes=1)]
    sent = batch(counts=[count(minute=each.isoformat()) for each in ahead])
    for _ in range(2):  # sent again, it is counted once
        assert report(sdk, sent).status_code == 202
    assert minutes_of(production) == {PRESENT: 3, PRESENT - timedelta(minutes=1): 3}
    assert sum(by_hour([production.pk], since=NOW - timedelta(days=1)).values()) == 6
    assert minutes_of(production, "month") == {PRESENT.replace(hour=0): 6}


def test_a_report_that_is_late_counts_when_things_happened(
    sdk: APIClient, production: Environment, checkout: Flag
) -> None:
    times = [PRESENT - timedelta(minutes=30), PRESENT - timedelta(minutes=29)]
    report(sdk, batch(counts=[count(minute=each.isoformat()) for each in times]))
    assert minutes_of(production) == dict.fromkeys(times, 3)


@pytest.mark.parametrize(("days", "is_late"), [(729, True), (731, False)])
def test_a_clock_so_far_behind_that_nothing_of_then_is_kept_counts_in_the_minute_of_receipt(
    days: int, is_late: bool, sdk: APIClient, production: Environment, checkout: Flag
) -> None:
    report(sdk, batch(counts=[count(minute=(PRESENT - timedelta(days=days)).isoformat())]))
    assert minutes_of(production) == ({} if is_late else {PRESENT: 3})


WRONG = [timedelta(minutes=-5), timedelta(minutes=5), timedelta(hours=-25), timedelta(hours=25)]


def sent(wrong: timedelta, **entries: object) -> dict[str, object]:
    """A report that is sent now by a clock that is wrong by so much."""
    body = batch(**entries)
    return {**body, "sdk": {**body["sdk"], "sent_at": (NOW + wrong).isoformat()}}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_report_that_says_when_it_was_sent_is_moved_by_what_its_clock_is_wrong(
    wrong: timedelta, sdk: APIClient, production: Environment, checkout: Flag
) -> None:
    happened = [NOW - timedelta(minutes=2), NOW - timedelta(seconds=3)]
    events = [{"name": "purchase", "context_id": "user-1", "time": (moment + wrong).isoformat()} for moment in happened]
    counts = [count(minute=(PRESENT - timedelta(minutes=2) + wrong).isoformat())]
    body = sent(wrong, events=events, counts=counts)
    assert report(sdk, body).status_code == 202
    assert list(TrackedEvent.objects.order_by("time").values_list("time", flat=True)) == happened
    assert minutes_of(production) == {PRESENT - timedelta(minutes=2): 3}


def test_nothing_is_moved_past_its_receipt_and_no_right_clock_is_moved_at_all(
    sdk: APIClient, production: Environment
) -> None:
    def one(moment: datetime) -> list[dict[str, object]]:
        return [{"name": "purchase", "context_id": "user-1", "time": moment.isoformat()}]

    report(sdk, sent(timedelta(minutes=-5), events=one(NOW - timedelta(minutes=1))))  # set in between
    report(sdk, sent(timedelta(seconds=-4), events=one(NOW - timedelta(hours=3))))  # it took four seconds to arrive
    times = TrackedEvent.objects.order_by("time").values_list("time", flat=True)
    assert list(times) == [NOW - timedelta(hours=3), NOW]
