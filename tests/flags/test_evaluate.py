"""POST /evaluate: one flag, or all."""

import math

import pytest
from flagsite_sdk.engine import Snapshot
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import snapshots
from flags.models import FlagState
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, create_segment, decide, equals, rule, split, texts
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db


def test_an_answer_says_value_variation_reason_rule_and_revision(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(rules=[rule(equals("country", "US"), id="us")], fallthrough={"variation": "off"}))
    assert decide(sdk, "checkout", country="US") == {
        "flag_key": "checkout",
        "value": True,
        "variation": "on",
        "reason": "RULE_MATCH",
        "rule": "us",
        "revision": 2,
    }
    assert "rule" not in decide(sdk, "checkout")


def test_every_stage_of_the_decision_has_its_reason(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean("login"))
    create(ed, boolean(targets=[{"variation": "off", "ids": ["ann"]}]))
    assert decide(sdk, "checkout", id="ann")["reason"] == "TARGET_MATCH"
    assert decide(sdk, "checkout")["reason"] == "FALLTHROUGH"
    change(ed, "checkout", rollout_percentage=0)
    assert decide(sdk, "checkout")["reason"] == "OUTSIDE_ROLLOUT"
    change(ed, "checkout", rules=[rule({"everyone": True})])
    assert decide(sdk, "checkout")["reason"] == "RULE_MATCH"
    change(ed, "checkout", prerequisites=[{"flag": "login", "variation": "off"}])
    assert decide(sdk, "checkout")["reason"] == "PREREQUISITE_FAILED"
    change(ed, "checkout", enabled=False)
    assert decide(sdk, "checkout")["reason"] == "OFF"


def test_without_a_key_all_flags_are_answered_at_one_revision(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(rules=[rule(equals("country", "US"), id="us")]))
    create(ed, texts())
    answer = sdk.post("/evaluate", {"context": {"id": "a", "country": "US"}}).json()
    assert answer == {
        "flags": {
            "banner": {"value": "Text a", "variation": "a", "reason": "FALLTHROUGH"},
            "checkout": {"value": True, "variation": "on", "reason": "RULE_MATCH", "rule": "us"},
        },
        "revision": 3,
    }


def test_an_environment_without_flags_answers_with_none(sdk: APIClient) -> None:
    assert sdk.post("/evaluate", {"context": {"id": "a"}}).json() == {"flags": {}, "revision": 1}


def test_a_malformed_flag_spoils_only_itself(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    create(ed, boolean("healthy"))
    FlagState.objects.filter(flag__key="checkout").update(rules=[{"id": "r", "if": {"any": []}, "serve": {}}])
    snapshots.forget_all()
    assert_problem(sdk.post("/evaluate", {"flag_key": "checkout", "context": {"id": "a"}}), 422, "MALFORMED_FLAG")
    flags = sdk.post("/evaluate", {"context": {"id": "a"}}).json()["flags"]
    assert flags["healthy"]["value"] is True
    assert (flags["checkout"]["value"], flags["checkout"]["reason"]) == (None, "ERROR")
    assert flags["checkout"]["error_code"] == "MALFORMED_FLAG"
    assert "rules[0].if.any" in flags["checkout"]["error"]


BAD = [
    ({}, 400, "INVALID", "context"),
    ({"context": None}, 400, "INVALID", "context"),
    ({"context": []}, 400, "INVALID", "context"),
    ({"context": "user-1"}, 400, "INVALID", "context"),
    ({"context": {}}, 400, "INVALID", "context.id"),
    ({"context": {"id": None}}, 400, "INVALID", "context.id"),
    ({"context": {"id": 7}}, 400, "INVALID", "context.id"),
    ({"context": {"id": True}}, 400, "INVALID", "context.id"),
    ({"context": {"id": ["a"]}}, 400, "INVALID", "context.id"),
    ({"context": {"id": "a"}, "flag_key": None}, 400, "INVALID", "flag_key"),
    ({"context": {"id": "a"}, "flag_key": 5}, 400, "INVALID", "flag_key"),
    ({"context": {"id": "a"}, "flag_key": ""}, 400, "INVALID", "flag_key"),
    ({"context": {"id": "a"}, "flag": "checkout"}, 400, "INVALID", "flag"),
    ({"context": {"id": "a"}, "flag_key": " checkout"}, 404, "FLAG_NOT_FOUND", None),
    ({"context": {"id": "a"}, "flag_key": "x" * 10_000}, 404, "FLAG_NOT_FOUND", None),
    ({"context": {"id": "a", "x": "x" * 65_536}}, 413, "TOO_LARGE", None),
]


def test_a_question_that_cannot_be_understood_is_refused(ed: Person, sdk: APIClient, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    for body, status, code, path in BAD:
        with subtests.test(str(body)[:60]):
            assert_problem(sdk.post("/evaluate", body), status, code, *([path] if path else []))


def test_a_context_may_be_anonymous_rich_and_exactly_64_kib(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    rich = {"id": "", "n": None, "big": 2**64 - 1, "float": 1e308, "list": [1, "a"], "deep": {"er": {"e": "ü"}}}
    assert decide(sdk, "checkout", **rich)["value"] is True
    envelope = len('{"id":"user-1","x":""}')
    assert decide(sdk, "checkout", x="x" * (65_536 - envelope))["value"] is True


def test_the_same_question_gets_the_same_answer_a_hundred_times(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "half", **{"if": {"attribute": "plan", "operator": "in", "value": ["pro", "team"]}})
    create(ed, texts(fallthrough=split(a=33.333, b=33.333, c=33.334), rules=[rule({"segment": "half"}, "b")]))
    for context in ({"id": "user-17"}, {"id": "Zoë", "plan": "pro"}):
        answers = {str(decide(sdk, "banner", **context)) for _ in range(50)}
        snapshots.forget_all()  # another process composes the snapshot anew
        answers |= {str(decide(sdk, "banner", **context)) for _ in range(50)}
        assert len(answers) == 1


def test_a_fifty_percent_rollout_lets_in_half_of_a_thousand_ids(
    ed: Person, sdk: APIClient, production: Environment
) -> None:
    create(ed, boolean(rollout_percentage=50))
    answers = [decide(sdk, "checkout", id=f"user-{n}")["value"] for n in range(20)]
    production.refresh_from_db()
    engine = snapshots.snapshot_of(production).engine
    inside = [engine.detail("checkout", {"id": f"user-{n}"}).value for n in range(1000)]
    assert inside[:20] == answers  # over HTTP it is the same engine
    assert abs(sum(inside) - 500) <= 4 * math.sqrt(1000 * 0.5 * 0.5)


def test_raising_the_percentage_keeps_everybody_who_was_in(ed: Person, production: Environment) -> None:
    create(ed, texts(fallthrough=split(a=50, b=50), off_variation="c", rollout_percentage=0))
    ids, before = [f"user-{n}" for n in range(300)], dict.fromkeys((f"user-{n}" for n in range(300)), "c")
    for percentage in (0.001, 1, 10, 50, 99.999, 100):
        change(ed, "banner", rollout_percentage=percentage)
        production.refresh_from_db()
        engine: Snapshot = snapshots.snapshot_of(production).engine
        now = {name: str(engine.detail("banner", {"id": name}).variation) for name in ids}
        assert [name for name in ids if before[name] != "c" and before[name] != now[name]] == []
        before = now
    assert "c" not in before.values()
