"""GET /flags/{key}/audit: why a user gets what they get, now and in the past."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flagsite_sdk.engine.bucketing import bucket
from rest_framework.test import APIClient

from accounts.models import Project
from flags import snapshots
from flags.models import FlagState, Revision
from flagsite.lib import clock
from segments.models import Segment
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, create_segment, decide, equals, rule, split, texts
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db


def explain(person: Person, key: str = "checkout", **parameters: str) -> dict[str, Any]:
    query = {"environment": "production", "user_id": "user-1", **parameters}
    response = person.client().get(f"/flags/{key}/audit", query)
    assert response.status_code == 200, response.content
    explanation: dict[str, Any] = response.json()
    return explanation


def steps(explanation: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [step for step in explanation["steps"] if step["step"] == kind]


def test_every_condition_has_its_outcome_and_the_value_that_it_saw(ed: Person, vi: Person) -> None:
    create_segment(ed, "beta", **{"if": equals("plan", "pro")}, excluded=["user-1"])
    condition = {"all": [equals("country", "US"), {"not": {"segment": "beta"}}]}
    create(ed, boolean(rules=[rule(equals("country", "FR"), "off", id="fr"), rule(condition, id="us", name="US")]))
    explanation = explain(vi, **{"attr.country": "US", "attr.plan": "pro"})
    assert (explanation["flag_key"], explanation["value"], explanation["variation"]) == ("checkout", True, "on")
    assert (explanation["reason"], explanation["rule"], explanation["revision"]) == ("RULE_MATCH", "us", 3)
    first, second = steps(explanation, "rule")
    assert (first["matched"], first["if"]["actual"], first["if"]["outcome"]) == (False, "US", False)
    assert (second["index"], second["name"], second["matched"]) == (1, "US", True)
    country, not_beta = second["if"]["all"]
    assert (country["outcome"], not_beta["outcome"]) == (True, True)
    assert not_beta["not"]["excluded"] is True
    assert not_beta["not"]["if"]["actual"] == "pro"


def test_the_bucket_numbers_are_those_that_decided(ed: Person, vi: Person) -> None:
    create(ed, texts(salt="5f0c", fallthrough=split(a=20, b=80), rollout_percentage=99.9))
    default = steps(explain(vi, "banner"), "default_rule")[0]
    assert default["gate"] == {
        "bucket_by": "id",
        "percentage": 99.9,
        "bucket": bucket("5f0c", "rollout", "user-1"),
        "inside": True,
    }
    assert default["split"]["bucket"] == bucket("5f0c", "split", "user-1")
    assert default["split"]["shares"] == [
        {"variation": "a", "from": 0, "to": 20_000},
        {"variation": "b", "from": 20_000, "to": 100_000},
    ]


ATTRIBUTES = {"42": 42, "true": True, "US": "US", '"42"': "42", '["a","b"]': ["a", "b"], "01": "01", "": ""}


def test_attributes_are_json_where_they_are_json_and_text_where_not(ed: Person, vi: Person) -> None:
    create(ed, boolean(rules=[rule(equals("x", "never"), "off")]))
    for text, value in ATTRIBUTES.items():
        (step,) = steps(explain(vi, **{"attr.x": text}), "rule")
        assert (step["if"]["actual"], type(step["if"]["actual"])) == (value, type(value))


def test_an_attribute_cannot_pretend_to_be_the_id(ed: Person, vi: Person) -> None:
    create(ed, boolean(targets=[{"variation": "off", "ids": ["user-1"]}]))
    asked = {"user_id": "user-1", "environment": "production"}
    assert_problem(vi.client().get("/flags/checkout/audit", {**asked, "attr.id": "user-2"}), 400, "INVALID", "attr.id")
    assert_problem(vi.client().get("/flags/checkout/audit", {**asked, "attr.": "x"}), 400, "INVALID", "attr.")
    assert explain(vi)["reason"] == "TARGET_MATCH"
    assert explain(vi, user_id="user-1 ")["reason"] == "FALLTHROUGH"
    assert explain(vi, user_id="")["reason"] == "FALLTHROUGH"


def test_prerequisites_and_targets_are_steps(ed: Person, vi: Person) -> None:
    create(ed, boolean("login"))
    create(ed, boolean(prerequisites=[{"flag": "login", "variation": "on"}]))
    explanation = explain(vi)
    assert steps(explanation, "prerequisite")[0]["served"] == "on"
    assert steps(explanation, "targets")[0]["matched"] is False
    change(ed, "login", enabled=False)
    assert explain(vi)["reason"] == "PREREQUISITE_FAILED"


def test_a_past_moment_is_decided_by_the_revision_then_in_force(
    ed: Person, vi: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuesday = datetime(2026, 11, 17, 9, tzinfo=UTC)

    def at(hours: int) -> str:
        moment = tuesday + timedelta(hours=hours)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return (moment + timedelta(minutes=1)).isoformat()

    at(0)
    create_segment(ed, "beta", included=["user-1"])
    create(ed, boolean("login"))
    rules = [rule({"segment": "beta"}, "off", id="beta")]
    with_both = at(1)
    create(ed, boolean(rules=rules, prerequisites=[{"flag": "login", "variation": "on"}]))
    without_segment = at(2)
    ed.client().patch("/segments/beta", {"included": ["somebody"]})
    without_login = at(3)
    change(ed, "login", enabled=False)
    at(4)
    change(ed, "checkout", enabled=False, prerequisites=[], rules=[])
    ed.client().delete("/segments/beta")
    assert explain(vi, at=with_both)["reason"] == "RULE_MATCH"
    assert explain(vi, at=without_segment)["reason"] == "FALLTHROUGH"
    past = explain(vi, at=without_login)
    assert (past["reason"], past["revision"]) == ("PREREQUISITE_FAILED", 6)
    assert explain(vi)["reason"] == "OFF"


def test_time_relative_conditions_are_asked_about_the_past_moment(ed: Person, vi: Person) -> None:
    Revision.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    recent = {"attribute": "signed_up", "operator": "within_last", "value": "1d"}
    create(ed, boolean(rules=[rule(recent, id="recent")]))
    Revision.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    then = explain(vi, at="2020-06-02T00:00:00Z", **{"attr.signed_up": "2020-06-01T12:00:00Z"})
    now = explain(vi, **{"attr.signed_up": "2020-06-01T12:00:00Z"})
    assert (then["reason"], now["reason"]) == ("RULE_MATCH", "FALLTHROUGH")


@pytest.mark.parametrize("moment", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00-14:00"])
def test_before_its_creation_there_was_no_such_flag(ed: Person, vi: Person, moment: str) -> None:
    create(ed, boolean())
    response = vi.client().get("/flags/checkout/audit", {"user_id": "a", "at": moment})
    assert_problem(response, 404, "FLAG_NOT_FOUND")


@pytest.mark.parametrize("moment", ["2020-11-22T10:00:00-03:00", "2020-11-22", "30d"])
def test_any_moment_after_the_last_revision_is_like_now(
    ed: Person, vi: Person, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_year = {"attribute": "signed_up", "operator": "in_current", "value": "year"}
    create(ed, boolean(rules=[rule(in_year)]))
    Revision.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 12, 31, tzinfo=UTC))
    assert explain(vi, at=moment, **{"attr.signed_up": "2020-06-01T12:00:00Z"})["value"] is True


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59+14:00", "2999-01-01", "tomorrow", "2026-02-30", ""])
def test_what_is_still_to_come_is_no_moment_of_the_past(ed: Person, vi: Person, moment: str) -> None:
    create(ed, boolean())
    response = vi.client().get("/flags/checkout/audit", {"user_id": "a", "at": moment})
    assert_problem(response, 400, "INVALID", "at")


def test_a_deleted_flag_is_explained_as_it_was_and_who_asks_what_it_is_learns_when_it_went(
    ed: Person, vi: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 11, 17, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: noon - timedelta(hours=2))
    create(ed, boolean())
    monkeypatch.setattr(clock, "now", lambda: noon)
    ed.client().delete("/flags/checkout")
    monkeypatch.setattr(clock, "now", lambda: noon + timedelta(hours=1))
    assert explain(vi, at="2h")["reason"] == "FALLTHROUGH"
    assert explain(vi, at="2h")["recorded_evaluations"] == []
    for asked in ({"at": "30m"}, {"at": "2026-11-17"}):
        answer = vi.client().get("/flags/checkout/audit", {"user_id": "a", "environment": "production", **asked})
        assert_problem(answer, 404, "FLAG_NOT_FOUND")
    answer = vi.client().get("/flags/checkout/audit", {"user_id": "a", "environment": "production"})
    assert "2026-11-17T12:00:00.000000Z" in assert_problem(answer, 404, "FLAG_NOT_FOUND")["detail"]
    answer = vi.client().get("/flags/nothing/audit", {"user_id": "a", "environment": "production"})
    assert "deleted" not in assert_problem(answer, 404, "FLAG_NOT_FOUND")["detail"]


def test_a_flag_that_cannot_be_used_says_what_is_wrong(ed: Person, vi: Person) -> None:
    create(ed, boolean())
    FlagState.objects.update(rules=[{"id": "broken", "if": {"all": []}, "serve": {"variation": "on"}}])
    snapshots.forget_all()
    response = vi.client().get("/flags/checkout/audit?environment=production&user_id=a")
    assert "rules[0].if.all" in assert_problem(response, 422, "MALFORMED_FLAG")["detail"]


def test_a_flag_that_could_not_be_used_then_says_so(ed: Person, vi: Person) -> None:
    create(ed, boolean())
    revision = Revision.objects.get(environment__key="production", number=2)
    revision.delta = '{"flags": {"checkout": {"type": "boolean"}}, "segments": {}}'  # as an older Flagsite wrote it
    revision.save()
    query = {"environment": "production", "user_id": "a", "at": revision.created_at.isoformat()}
    assert_problem(vi.client().get("/flags/checkout/audit", query), 422, "MALFORMED_FLAG")


@pytest.mark.parametrize("depth", [300, 1500])
def test_segments_in_endless_segments_are_decided_but_not_explained(
    ed: Person, vi: Person, sdk: APIClient, shop: Project, depth: int
) -> None:
    create_segment(ed, "s0")
    create(ed, boolean(rules=[rule({"segment": "s0"}, "off")]))
    inner: list[dict[str, Any]] = [*({"segment": f"s{n}"} for n in range(2, depth)), {"everyone": True}]
    Segment.objects.bulk_create(
        Segment(project=shop, key=f"s{n}", condition=condition) for n, condition in enumerate(inner, start=1)
    )
    Segment.objects.filter(key="s0").update(condition={"segment": "s1"})
    snapshots.forget_all()
    assert decide(sdk, "checkout")["reason"] == "RULE_MATCH"
    response = vi.client().get("/flags/checkout/audit?environment=production&user_id=a")
    assert "nested too deeply" in assert_problem(response, 400, "REFUSED")["detail"]


NOT_UNDERSTOOD = [
    ("", "user_id"),
    ("user_id=a&user_id=b", "user_id"),
    ("user_id=a&at=yesterday", "at"),
    ("user_id=a&at=2026-11-22T10:00:00", "at"),
    ("user_id=a&at=2026-13-22T10:00:00Z", "at"),
    ("user_id=a&at=", "at"),
    ("user_id=a&at=9999-12-31T23:59:59-14:00", "at"),
    ("user_id=a&at=0001-01-01T00:00:00%2B14:00", "at"),
    ("user_id=a&attr.x=1&attr.x=2", "attr.x"),
    ("user_id=a&country=US", "country"),
    ("user_id=a&attr.x=" + "[" * 400 + "]" * 400, "context"),
    ("user_id=a%00", "user_id"),
]


def test_a_question_that_cannot_be_understood_is_refused(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    for query, path in NOT_UNDERSTOOD:
        with subtests.test(query[:60]):
            assert_problem(ed.client().get(f"/flags/checkout/audit?{query}"), 400, "INVALID", path)


def test_attributes_of_more_than_64_kib_are_too_large(ed: Person) -> None:
    create(ed, boolean())
    response = ed.client().get("/flags/checkout/audit", {"user_id": "a", "attr.x": "x" * 65_536})
    assert_problem(response, 413, "TOO_LARGE")
