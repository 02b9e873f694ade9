"""A flag's insights: what it came out as over time, what failed, what changed, and which SDKs report."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Environment
from flags.models import DayCount, EvaluationCount, Flag, HourCount, ReportBatch, SdkInstance
from flags.services import forget_reports
from flags.stream.feed import Feed
from flags.stream.presence import note_connected, sdk_of
from flags.stream.subscriber import Subscriber
from flags.usage.counts import PERIODS, Counted
from flags.usage.insights import insights_of
from flags.usage.reports import Sdk
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import set_fields
from tests.flags.test_sdk_events import batch, count, report

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


# --- the numbers -------------------------------------------------------------------------------------------------


def seen(ago: timedelta, variation: str = "on", number: int = 1, *, reason: str = "FALLTHROUGH", code: str = "") -> Any:
    return Counted(NOW - ago, variation, reason, code, number)


def test_variations_stand_in_the_flags_order_then_those_that_are_gone_then_errors() -> None:
    counts = [
        seen(timedelta(), "", 1, reason="ERROR", code="FLAG_NOT_FOUND"),
        seen(timedelta(hours=1), "blue", 2),
        seen(timedelta(hours=23), "off", 4),
        seen(timedelta(), "on", 8),
        seen(timedelta(), "on", 16, reason="RULE_MATCH"),
    ]
    found = insights_of(counts, ["on", "off", "never"], PERIODS["day"], now=NOW)
    assert [(shown.variation, shown.total) for shown in found.shown] == [("on", 24), ("off", 4), ("blue", 2), ("", 1)]
    assert (found.shown[0].numbers[-1], found.shown[1].numbers[0], found.shown[2].numbers[-2]) == (24, 4, 2)
    assert (found.total, found.failed, found.errors) == (31, 1, (("FLAG_NOT_FOUND", 1),))
    assert found.reasons == (("RULE_MATCH", 16), ("FALLTHROUGH", 14), ("ERROR", 1))


def test_what_lies_outside_of_the_period_is_not_shown() -> None:
    counts = [seen(timedelta(hours=24)), seen(timedelta(hours=-1))]
    assert insights_of(counts, ["on"], PERIODS["day"], now=NOW).total == 0


@pytest.mark.parametrize("key", sorted(PERIODS))
def test_a_period_ends_now(key: str) -> None:
    moments = PERIODS[key].moments(NOW)
    assert len(moments) == PERIODS[key].steps
    assert moments[-1] <= NOW < moments[-1] + PERIODS[key].step
    assert PERIODS[key].at(NOW, NOW) == len(moments) - 1


# --- the page ----------------------------------------------------------------------------------------------------


def insights(person: Person, flag: Flag, **query: str) -> Any:
    return Desk(person).get("flags_flag_insights", flag.pk, **query)


def test_a_viewer_sees_evaluations_errors_and_changes(vi: Person, sale: Flag, production: Environment) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    for variation, reason, code, number in (("on", "FALLTHROUGH", "", 97), ("", "ERROR", "INVALID_CONTEXT", 3)):
        about = {"variation": variation, "reason": reason, "error_code": code, "count": number}
        EvaluationCount.objects.create(environment=production, flag_key="sale", minute=now, **about)
    set_fields(sale, production, rollout_percentage=25)
    page = insights(vi, sale, environment="production", period="hour")
    assert page.status_code == 200
    words = page.content.decode()
    for told in ("97 %", "3 %", "INVALID_CONTEXT", "Rollout 100 % → 25 %.", "As a table", "No SDK was heard of"):
        assert told in words
    on, failed, marks = orjson.loads(page.context["chart"])["datasets"]
    assert (sum(on["data"]), sum(failed["data"]), failed["label"]) == (97, 3, "Error")
    assert "25 %" in "".join(marks["told"][-1] + marks["told"][-2])  # the minute may have turned
    assert insights(vi, sale, environment="staging").context["total"] == "0"


def test_another_environment_or_project_is_not_seen(vi: Person, otto: Person, sale: Flag) -> None:
    assert insights(vi, sale, environment="nowhere").status_code == 404
    assert insights(otto, sale).status_code == 404
    assert insights(vi, sale, period="eternity").context["period"] == PERIODS["day"]


@pytest.mark.parametrize("name", ["insights", "evaluations"])
def test_there_is_no_chip_that_says_nothing(name: str, vi: Person, sale: Flag) -> None:
    page = Desk(vi).get(f"flags_flag_{name}", sale.pk)
    assert page.status_code == 200
    assert re.findall(r'<span class="inline-block[^>]*>\s*</span>', page.content.decode()) == []


def test_it_costs_the_same_however_much_there_is(vi: Person, sale: Flag, production: Environment) -> None:
    desk = Desk(vi)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get("flags_flag_insights", sale.pk, period="quarter").status_code == 200
        return len(captured)

    cost()
    set_fields(sale, production, rollout_percentage=50)
    little = cost()
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    for ago in range(300):
        about = {"environment": production, "flag_key": "sale", "reason": "FALLTHROUGH", "count": 5}
        HourCount.objects.create(hour=hour - timedelta(hours=ago), variation=f"v{ago % 7}", **about)
    DayCount.objects.create(day=hour.replace(hour=0) - timedelta(days=80), variation="on", **about)
    for number in range(20):
        set_fields(sale, production, rollout_percentage=number)
        SdkInstance.objects.create(
            environment=production, instance=f"i{number}", name="p", version=f"1.{number}", reported_at=hour
        )
    assert cost() == little


# --- SDKs --------------------------------------------------------------------------------------------------------


def reported(sdk: APIClient, instance: str, version: str, revision: int | None = None) -> None:
    who = {"name": "flagsite-python", "version": version, "instance": instance}
    who |= {} if revision is None else {"revision": revision}  # type: ignore[dict-item]  # a number among texts
    assert report(sdk, batch(counts=[count()], sdk=who)).status_code == 202


@pytest.mark.django_db
def test_sdks_are_listed_by_version_with_how_far_behind_they_are(
    sdk: APIClient, vi: Person, sale: Flag, production: Environment
) -> None:
    production.refresh_from_db()
    head = production.revision
    reported(sdk, "a", "1.0", head - 1)
    reported(sdk, "b", "1.0", head)
    reported(sdk, "c", "1.1", head)
    reported(sdk, "d", "0.9")
    page = insights(vi, sale)
    found = {each.version: (each.number, each.behind, each.most, each.silent) for each in page.context["sdks"]}
    assert found == {"1.0": (2, 1, 1, 0), "1.1": (1, 0, 0, 0), "0.9": (1, 0, 0, 1)}
    assert "1 behind, by up to 1 revision" in page.content.decode()
    assert ">just now</time>" in page.content.decode()


@pytest.mark.django_db
def test_an_instance_is_one_row_and_its_last_report_counts(sdk: APIClient) -> None:
    for version, revision in (("1.0", 1), ("1.1", 2)):
        reported(sdk, "a", version, revision)
    row = SdkInstance.objects.get()
    assert (row.version, row.revision) == ("1.1", 2)


@pytest.mark.django_db
def test_an_instance_is_forgotten_after_a_day_of_silence(sdk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(sdk, "a", "1.0")
    now = clock.now()
    for hours, left in ((23, 1), (25, 0)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now + timedelta(hours=hours))
        forget_reports(older_than=timedelta(days=90))
        assert SdkInstance.objects.count() == left


@pytest.mark.django_db
@pytest.mark.parametrize("who", [{"revision": -1}, {"revision": "7"}, {"version": "1\x00"}])
def test_what_no_row_can_hold_is_refused(sdk: APIClient, who: dict[str, Any]) -> None:
    sent = {"name": "flagsite-python", "version": "1.0", "instance": "a", **who}
    assert report(sdk, batch(counts=[count()], sdk=sent)).status_code == 400
    assert not SdkInstance.objects.exists()
    assert not ReportBatch.objects.exists()


@pytest.mark.django_db
def test_the_code_of_an_error_is_counted_apart(sdk: APIClient) -> None:
    failed = {"variation": None, "reason": "ERROR"}
    counts = [
        count(**failed, error_code="FLAG_NOT_FOUND"),
        count(**failed, error_code="INVALID_CONTEXT"),
        count(**failed),
    ]
    report(sdk, batch(counts=counts))
    assert set(EvaluationCount.objects.values_list("error_code", flat=True)) == {
        "FLAG_NOT_FOUND",
        "INVALID_CONTEXT",
        "",
    }


# --- SDKs on the stream ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({b"user-agent": b"flagsite-python/0.1.0", b"flagsite-instance": b"a"}, ("flagsite-python", "0.1.0", "a")),
        ({b"user-agent": b"curl", b"flagsite-instance": b"a"}, ("curl", "", "a")),
        ({b"user-agent": b"flagsite-python/0.1.0"}, None),
        ({b"flagsite-instance": b"a" * 65}, None),
        ({b"user-agent": b"x" * 65 + b"/1", b"flagsite-instance": b"a"}, None),
        ({}, None),
    ],
)
def test_a_handshake_may_say_which_sdk_it_is(headers: dict[bytes, bytes], said: tuple[str, str, str] | None) -> None:
    found = sdk_of(headers)
    assert (found and (found.name, found.version, found.instance)) == said


@pytest.mark.django_db(transaction=True)
def test_who_is_connected_is_noted_with_what_they_were_sent(vi: Person, sale: Flag, production: Environment) -> None:
    async def note(*connected: tuple[int, str | None]) -> None:
        feed = Feed(production, snapshots=Mock())
        await note_connected([subscriber(feed, revision, instance) for revision, instance in connected])

    def subscriber(feed: Feed, revision: int, instance: str | None) -> Subscriber:
        sdk = Sdk(name="p", version="1", instance=instance) if instance else None
        return Subscriber(feed, revision=revision, key_id="k", line=Mock(), sdk=sdk)

    async_to_sync(note)((1, "b"), (2, "a"), (2, "a"), (3, None))
    assert set(SdkInstance.objects.values_list("instance", "revision")) == {("a", 2), ("b", 1)}
    async_to_sync(note)((3, "b"))
    assert set(SdkInstance.objects.values_list("instance", "revision")) == {("a", 2), ("b", 3)}
    assert [(each.number, each.behind) for each in insights(vi, sale).context["sdks"]] == [(2, _behind(production))]


def _behind(production: Environment) -> int:
    production.refresh_from_db()
    return sum(revision < production.revision for revision in (2, 3))
