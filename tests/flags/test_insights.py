"""A flag's insights: what it came out as over time, what failed, what changed, and which SDKs report."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Environment
from flags.models import DayCount, EvaluationCount, Flag, HourCount, SdkInstance
from flags.usage.counts import PERIODS, Counted
from flags.usage.insights import insights_of
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import create_segment, make, rule, set_fields
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


# --- last seen ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_last_seen_is_as_new_as_the_newest_count(sdk: APIClient, vi: Person, sale: Flag) -> None:
    now = clock.now()
    for ago in (14, 1):
        report(sdk, batch(counts=[count(flag="sale", minute=(now - timedelta(minutes=ago)).isoformat())]))
    assert now - insights(vi, sale).context["last_at"] < timedelta(minutes=2)


# --- what the flag leans on --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_changes_of_what_the_flag_leans_on_are_marked_and_told_apart(
    ed: Person, vi: Person, sale: Flag, production: Environment
) -> None:
    for key, body in (("inner", {}), ("outer", {"if": {"segment": "inner"}}), ("other", {})):
        create_segment(ed, key, **body)
    gate = make(production.project, "gate")
    set_fields(
        sale,
        production,
        prerequisites=[{"flag": "gate", "variation": "on"}],
        rules=[rule({"segment": "outer"})],
    )
    for key in ("inner", "other"):
        assert ed.client().patch(f"/segments/{key}", {"included": ["ann"]}).status_code == 200
    set_fields(gate, production, rollout_percentage=5)
    page = insights(vi, sale, environment="production", period="hour")
    told = {(whose, entry.item.key) for entry, whose in page.context["changes"]}
    assert told == {
        ("", "sale"),
        ("segment outer", "outer"),
        ("segment inner", "inner"),
        ("prerequisite gate", "gate"),
    }
    marks = "".join("".join(each) for each in orjson.loads(page.context["chart"])["datasets"][-1]["told"])
    assert "segment inner: " in marks
    assert "prerequisite gate: " in marks
    assert ">segment inner</span>" in page.content.decode()


@pytest.mark.django_db
def test_what_the_flag_leant_on_before_it_changed_is_marked_too(
    ed: Person, vi: Person, sale: Flag, production: Environment
) -> None:
    create_segment(ed, "inner")
    set_fields(sale, production, rules=[rule({"segment": "inner"})])
    set_fields(sale, production, rules=[])
    page = insights(vi, sale, environment="production", period="hour")
    assert "segment inner" in {whose for _, whose in page.context["changes"]}
