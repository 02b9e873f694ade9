"""POST /sdk/events with evaluations: what SDKs record is kept once, with no more than the project lets us keep."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.models import EvaluationCount, RecordedEvaluation, TrackedEvent
from flags.services.reports import forget_reports
from flags.usage import quotas
from flagsite.exposition import registry
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import boolean, change, create, texts
from tests.problems import assert_problem
from tests.scraping import Scrape
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

SDK = {"name": "flagsite-python", "version": "0.1.0", "instance": str(uuid4())}
MOMENT = "2026-11-22T10:04:00.250Z"


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 10, 5, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _flag(ed: Person, _later: None) -> None:
    create(ed, boolean())  # by which revision 2 is the newest


def record(**changes: Any) -> dict[str, Any]:
    known = {"flag": "checkout", "context_id": "ann", "variation": "on", "reason": "RULE_MATCH", "rule": "us"}
    return {**known, "revision": 2, "time": MOMENT, **changes}


def report(sdk: APIClient, *records: dict[str, Any], **changes: Any) -> HttpResponse:
    body = {"batch": str(uuid4()), "sdk": SDK, "evaluations": records, **changes}
    return sdk.post("/sdk/events", json.dumps(body).encode(), content_type="application/json")


def kept(*fields: str) -> list[tuple[Any, ...]]:
    return list(RecordedEvaluation.objects.order_by("pk").values_list(*fields))


def test_a_record_is_kept_and_answered_like_the_servers_own(
    sdk: APIClient, vi: Person, production: Environment
) -> None:
    batch = str(uuid4())
    assert report(sdk, record(), batch=batch).status_code == 202
    (found,) = vi.client().get("/flags/checkout/evaluations?environment=production").json()["results"]
    assert found == {
        "time": "2026-11-22T10:04:00.250000Z", "context_id": "ann", "variation": "on", "reason": "RULE_MATCH",
        "rule": "us", "error_code": "", "revision": 2, "attributes": {}, "source": "sdk",
    }  # fmt: skip
    assert [str(number) for (number,) in kept("batch")] == [batch]
    assert EvaluationCount.objects.count() == 0, "counts come beside records"


def test_a_batch_that_is_sent_again_is_kept_once(sdk: APIClient) -> None:
    batch = str(uuid4())
    for _ in range(2):
        assert report(sdk, record(), record(context_id="ben"), batch=batch).status_code == 202
    assert kept("context_id") == [("ann",), ("ben",)]


def test_of_attributes_those_are_kept_that_the_project_lists(sdk: APIClient, production: Environment) -> None:
    production.project.recorded_attributes = ["plan", "long", "huge"]
    production.project.save()
    sent = {"plan": "pro", "email": "ann@harbour.example", "long": "x" * 2_000, "huge": 2**70}
    report(sdk, record(attributes=sent))
    assert kept("attributes") == [({"plan": "pro"},)]


def test_where_ids_are_hashed_no_sdks_record_tells_one(sdk: APIClient, vi: Person, production: Environment) -> None:
    production.project.hash_context_ids = True
    production.project.save()
    report(sdk, record())
    ((context_id,),) = kept("context_id")
    assert context_id.startswith("hashed:")
    asked = vi.client().get("/flags/checkout/evaluations?environment=production&user_id=ann").json()["results"]
    assert len(asked) == 1


def test_a_clock_that_runs_ahead_is_set_right_and_what_it_timed_keeps_its_order(sdk: APIClient) -> None:
    events = [{"name": "purchase", "context_id": "ann", "time": "2030-12-31T22:59:58Z"}]
    report(sdk, record(time="2031-01-01T00:00:00+01:00"), record(time="2030-12-31T22:59:59Z"), events=events)
    now = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    assert sorted(kept("time")) == [(now - timedelta(seconds=1),), (now,)]
    assert TrackedEvent.objects.get().time == now - timedelta(seconds=2)


def test_what_was_timed_before_a_clock_was_set_wrong_stays_where_it_was(sdk: APIClient) -> None:
    report(sdk, record(), record(time="9000-12-31T23:59:59Z"), record(time="2000-01-01T00:00:00Z"))
    assert [time.year for (time,) in sorted(kept("time"))] == [2000, 2026, 2026]
    assert (datetime.fromisoformat(MOMENT),) in kept("time")


def test_what_may_be_left_out_may_be_left_out(sdk: APIClient) -> None:
    least = record()
    del least["rule"]
    assert report(sdk, least).status_code == 202
    assert kept("rule", "attributes") == [("", {})]


def test_without_recording_a_report_is_taken_and_no_record_kept(sdk: APIClient, settings: Settings) -> None:
    settings.RECORD_EVALUATIONS = False
    assert report(sdk, record()).status_code == 202
    assert kept("pk") == []


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"flag": ""}, "evaluations[0].flag"),
        ({"context_id": "x" * 513}, "evaluations[0].context_id"),
        ({"context_id": "a\x00"}, "evaluations[0].context_id"),
        ({"reason": "WEIRD"}, "evaluations[0].reason"),
        ({"reason": "ERROR\n"}, "evaluations[0].reason"),
        ({"variation": None}, "evaluations[0]"),
        ({"error_code": "INVALID_CONTEXT"}, "evaluations[0]"),
        ({"variation": None, "reason": "ERROR"}, "evaluations[0]"),
        ({"variation": None, "reason": "ERROR", "error_code": "BAD_LUCK"}, "evaluations[0].error_code"),
        ({"revision": -1}, "evaluations[0].revision"),
        ({"revision": 2**63}, "evaluations[0].revision"),
        ({"time": "2026-11-22T10:04:00"}, "evaluations[0].time"),
        ({"attributes": []}, "evaluations[0].attributes"),
        ({"value": True}, "evaluations[0]"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(wrong: dict[str, Any], path: str, sdk: APIClient) -> None:
    with nothing_changes():
        assert_problem(report(sdk, record(), batch=str(uuid4()), evaluations=[record(**wrong)]), 400, "INVALID", path)


def test_an_id_that_is_no_unicode_is_refused(sdk: APIClient) -> None:
    with nothing_changes():
        assert report(sdk, record(context_id="a\ud800b")).status_code == 400


def test_counts_events_and_records_share_one_limit(sdk: APIClient) -> None:
    with nothing_changes():
        event = {"name": "purchase", "context_id": "ann", "time": MOMENT}
        answer = report(sdk, *[record()] * 4_000, events=[event] * 1_001)
        assert_problem(answer, 413, "TOO_LARGE")


FAILED: dict[str, Any] = {"variation": None, "reason": "ERROR", "rule": None, "error_code": "TYPE_MISMATCH"}


def lost(reason: str) -> float:
    return Scrape(registry().collect()).value("flagsite_records_dropped_total", reason=reason)


def test_an_error_is_kept_and_found_like_the_servers_own(sdk: APIClient, vi: Person, shop: Project) -> None:
    assert report(sdk, record(), record(**FAILED, context_id="ben")).status_code == 202
    (found,) = vi.client().get("/flags/checkout/evaluations?environment=production&reason=ERROR").json()["results"]
    assert (found["context_id"], found["variation"], found["error_code"]) == ("ben", "", "TYPE_MISMATCH")
    page = Desk(vi).get("flags_flag_evaluations", shop.flags.get().pk, reason="ERROR", environment="production")
    told = page.content.decode()
    assert "ben" in told
    assert "TYPE_MISMATCH" in told
    assert "ann" not in told.split("<tbody>")[1]


def test_a_revision_that_there_is_not_is_not_kept_and_said(sdk: APIClient) -> None:
    before = lost("impossible")
    assert report(sdk, record(revision=3), record(context_id="ben")).status_code == 202
    assert kept("context_id", "revision") == [("ben", 2)]
    assert lost("impossible") - before == 1


def test_a_variation_that_the_flag_never_had_is_not_kept(sdk: APIClient) -> None:
    report(sdk, record(variation="made-up"), record(flag="made-up"), record(context_id="ben"))
    assert kept("context_id") == [("ben",)]


def test_what_was_deleted_since_is_kept_with_the_revision_that_had_it(sdk: APIClient, ed: Person) -> None:
    create(ed, texts())
    change(ed, "banner", variations=[{"key": key, "value": f"Text {key}"} for key in "ab"])
    assert ed.client().delete("/flags/checkout").status_code == 204
    gone = record(flag="banner", variation="c")
    report(sdk, {**gone, "revision": 3}, {**gone, "revision": 4}, record(), record(revision=5))
    assert kept("flag_key", "variation", "revision") == [("banner", "c", 3), ("checkout", "on", 2)]


def test_errors_of_keys_that_are_no_flags_are_kept_within_bounds(
    sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.usage.quotas.MAX_UNKNOWN_FLAGS", 2)
    quotas.start_anew()
    before = lost("unknown_flags")
    failed = {**FAILED, "error_code": "FLAG_NOT_FOUND"}
    report(sdk, *[record(**failed, flag=f"typo-{number}") for number in range(3)])
    assert kept("flag_key") == [("typo-0",), ("typo-1",)]
    assert lost("unknown_flags") - before == 1


def test_what_sdks_have_lost_is_said_where_it_is_missing(sdk: APIClient, vi: Person, shop: Project) -> None:
    def pages(**query: str) -> tuple[str, str]:
        flag = shop.flags.get().pk
        names = ("flags_flag_evaluations", "flags_flag_insights")
        evaluations, insights = (Desk(vi).get(name, flag, environment="production", **query) for name in names)
        return evaluations.content.decode(), insights.content.decode()

    assert not any("missing" in page or "too small" in page for page in pages())
    before, batch = lost("sdk_records"), str(uuid4())
    for _ in range(2):
        report(sdk, batch=batch, dropped={"records": 95, "events": 2})
    report(sdk, dropped={"records": 5, "counts": 1})
    evaluations, insights = pages()
    assert "dropped 100 evaluations since 22 Nov 2026, 10:00 UTC" in evaluations
    assert "lost the counts of 1 evaluation since" in insights
    assert lost("sdk_records") - before == 100
    forget_reports(older_than=-timedelta(hours=1))
    assert not any("missing" in page or "too small" in page for page in pages())


@pytest.mark.parametrize("wrong", [{"records": -1}, {"records": 10**13}, {"rows": 1}, {"events": "1"}])
def test_what_are_no_losses_is_refused(wrong: dict[str, Any], sdk: APIClient) -> None:
    with nothing_changes():
        answer = report(sdk, dropped=wrong)
        assert answer.status_code == 400
        assert json.loads(answer.content)["errors"][0]["path"].startswith("dropped")
