"""PATCH /flags/{key}: what is sent changes, and nothing else."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from flags.models import Revision
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create, decide, equals, rule, split, texts
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

US = equals("country", "US")


FIELDS: list[tuple[str, Any]] = [
    ("name", "Banner"),
    ("description", "On top."),
    ("tags", ["copy"]),
    ("enabled", False),
    ("salt", "other"),
    ("off_variation", "c"),
    ("fallthrough", {"variation": "b"}),
    ("fallthrough", split(a=50, c=50)),
    ("rollout_percentage", 99.999),
    ("targets", [{"variation": "c", "ids": ["ann"]}]),
    ("rules", [rule(US, "b", id="us")]),
    ("variations", [{"key": name, "value": name.upper(), "name": "A name"} for name in "abcd"]),
]


def test_one_field_changes_and_the_others_stay(ed: Person, subtests: pytest.Subtests) -> None:
    before = create(ed, texts())
    for field, value in FIELDS:
        with subtests.test(field):
            after = change(ed, "banner", **{field: value})
            assert (after[field], after["version"]) == (value, before["version"] + 1)
            changing = {field, "version", "updated_at"}
            assert {name: after[name] for name in after if name not in changing} == {
                name: before[name] for name in before if name not in changing
            }
            before = after


def test_a_change_concerns_the_environment_that_is_named(ed: Person) -> None:
    create(ed, boolean())
    change(ed, "checkout", environment="staging", rollout_percentage=10)
    states = [
        ed.client().get(f"/flags/checkout?environment={name}").json()
        for name in ("development", "staging", "production")
    ]
    assert [state["rollout_percentage"] for state in states] == [100, 10, 100]
    assert [state["version"] for state in states] == [1, 2, 1]


def test_variations_are_the_same_in_all_environments(ed: Person) -> None:
    create(ed, texts())
    change(ed, "banner", variations=[{"key": name, "value": "new"} for name in "abc"])
    elsewhere = ed.client().get("/flags/banner?environment=staging").json()
    assert {each["value"] for each in elsewhere["variations"]} == {"new"}
    assert elsewhere["version"] == 2
    assert Revision.objects.filter(environment__key="staging").count() == 3  # opened, created, changed


def test_a_value_that_only_changes_its_type_is_a_change(ed: Person, sdk: APIClient) -> None:
    create(ed, {"key": "limit", "type": "json", "enabled": True, "variations": [{"key": "a", "value": 1}]})
    for value in (True, 1, 1.0, [1], [True]):
        changed = change(ed, "limit", variations=[{"key": "a", "value": value}])
        (variation,) = changed["variations"]
        assert (variation["value"], type(variation["value"])) == (value, type(value))
        assert type(decide(sdk, "limit")["value"]) is type(value)


def test_an_operand_that_only_changes_its_type_is_a_change(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(rules=[rule(equals("beta", 1), "off", id="beta")]))
    assert decide(sdk, "checkout", beta=True)["value"] is True
    change(ed, "checkout", rules=[rule(equals("beta", True), "off", id="beta")])
    assert decide(sdk, "checkout", beta=True)["value"] is False


def test_a_change_that_changes_nothing_writes_nothing(ed: Person) -> None:
    flag = create(ed, texts(rules=[rule(US, "b")]))
    unchanging = {"name", "description", "tags", "variations", "enabled", "rules", "targets", "type", "salt"}
    with nothing_changes():
        assert change(ed, "banner", **{name: flag[name] for name in unchanging}, comment="Nothing") == flag
        assert change(ed, "banner") == flag


def test_rules_keep_their_ids_when_they_are_sent_without(ed: Person) -> None:
    first, second = rule(US, name="First"), rule(equals("plan", "pro"), name="Second")
    created = create(ed, boolean(rules=[first, second]))
    ids = [each["id"] for each in created["rules"]]
    changed = change(ed, "checkout", rules=[{**second, "serve": {"variation": "off"}}, first, second])
    assert [each["id"] for each in changed["rules"]] == [ids[1], ids[0], "second-2"]


def test_a_name_of_a_variation_is_for_people_and_no_revision(ed: Person) -> None:
    created = create(ed, texts())
    revisions = Revision.objects.count()
    named = [{**each, "name": f"Text {each['key']}"} for each in created["variations"]]
    assert change(ed, "banner", variations=named)["variations"] == named
    assert Revision.objects.count() == revisions


def test_the_type_never_changes(ed: Person) -> None:
    create(ed, boolean())
    with nothing_changes():
        response = ed.client().patch(f"/flags/checkout{PRODUCTION}", {"type": "string"})
        assert_problem(response, 400, "INVALID", "type")


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_variation_that_some_environment_serves_cannot_go(ed: Person, environment: str) -> None:
    create(ed, texts())
    change(ed, "banner", environment=environment, targets=[{"variation": "c", "ids": ["ann"]}])
    left = [{"key": "a", "value": ""}, {"key": "b", "value": ""}]
    with nothing_changes():
        response = ed.client().patch("/flags/banner?environment=staging", {"variations": left})
        problem = assert_problem(response, 400, "INVALID", "targets[0].variation")
    assert environment in problem["detail"]


def test_a_variation_that_a_prerequisite_wants_cannot_go(ed: Person) -> None:
    create(ed, texts(fallthrough={"variation": "a"}))
    create(ed, boolean(prerequisites=[{"flag": "banner", "variation": "c"}]))
    left = [{"key": "a", "value": ""}, {"key": "b", "value": ""}]
    with nothing_changes():
        response = ed.client().patch(f"/flags/banner{PRODUCTION}", {"variations": left})
        assert_problem(response, 400, "INVALID", "variations")


def test_what_a_change_answers_is_what_is_read_afterwards(ed: Person) -> None:
    for key in ("login", "search"):
        create(ed, boolean(key))
    create(ed, texts())
    wanted = [{"flag": key, "variation": "on"} for key in ("login", "search")]
    for fields in (
        {"prerequisites": wanted[:1], "rules": [rule(US, "b")]},
        {"prerequisites": wanted[::-1], "rollout_percentage": 12.345},
        {"prerequisites": wanted[1:], "tags": ["copy"], "owner": "ed", "enabled": False},
        {"prerequisites": [], "rollout_percentage": 7},
        {"name": "Banner"},
    ):
        after = change(ed, "banner", **fields)
        assert after["prerequisites"] == fields.get("prerequisites", [])
        assert after == ed.client().get(f"/flags/banner{PRODUCTION}").json()


def test_what_is_wrong_with_all_environments_is_said_of_the_one_that_was_asked(ed: Person) -> None:
    create(ed, boolean())
    response = ed.client().patch(f"/flags/checkout{PRODUCTION}", {"variations": [{"key": "on", "value": 1}]})
    problem = assert_problem(response, 400, "INVALID", "variations[0].value")
    assert "development" not in problem["detail"]
