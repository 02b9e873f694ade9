"""What bad flags get: a problem that names the place, and nothing changed."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, Json, boolean, change, create, create_segment, equals, rule, texts
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

NO_PERCENTAGES: list[Any] = [-0.001, 100.001, 0.0001, 1e-7, 10**30, 1e300, "50", True, [], {}]


def nested(depth: int) -> Json:
    """Return a condition of this depth."""
    condition = equals("country", "US")
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


CHANGES: list[tuple[Json, str]] = [
    ({"enabled": "yes"}, "enabled"),
    ({"enabled": 1}, "enabled"),
    ({"salt": ""}, "salt"),
    ({"salt": 7}, "salt"),
    ({"salt": "x" * 65}, "salt"),
    ({"name": 7}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"description": ["x"]}, "description"),
    ({"description": "x" * 10_001}, "description"),
    ({"comment": {}}, "comment"),
    ({"comment": "x" * 2001}, "comment"),
    ({"tags": "ops"}, "tags"),
    ({"tags": {"0": "ops"}}, "tags"),
    ({"tags": ["ops", 7]}, "tags[1]"),
    ({"tags": [""]}, "tags[0]"),
    ({"tags": ["x" * 65]}, "tags[0]"),
    ({"tags": [str(n) for n in range(21)]}, "tags"),
    ({"type": "number"}, "type"),
    ({"type": 7}, "type"),
    ({"key": "renamed"}, "key"),
    ({"version": 7}, "version"),
    ({"hash": "md5"}, "hash"),
    ({"colour": "red", "enabld": True}, "colour"),
    ({"colour": "red", "enabld": True}, "enabld"),
    # variations
    ({"variations": []}, "variations"),
    ({"variations": "on"}, "variations"),
    ({"variations": {}}, "variations"),
    ({"variations": [7]}, "variations[0]"),
    ({"variations": [{"key": "on"}]}, "variations[0].value"),
    ({"variations": [{"value": True}]}, "variations[0].key"),
    ({"variations": [{"key": "on", "value": "true"}]}, "variations[0].value"),
    ({"variations": [{"key": "on", "value": None}]}, "variations[0].value"),
    ({"variations": [{"key": "ON", "value": True}]}, "variations[0].key"),
    ({"variations": [{"key": ["on"], "value": True}]}, "variations[0].key"),
    ({"variations": [{"key": "on", "value": True}, {"key": "on", "value": False}]}, "variations[1].key"),
    ({"variations": [{"key": "on", "value": True, "name": 7}]}, "variations[0].name"),
    ({"variations": [{"key": "on", "value": True, "name": "x" * 201}]}, "variations[0].name"),
    ({"variations": [{"key": "on", "value": True, "weight": 7}]}, "variations[0].weight"),
    ({"variations": [{"key": f"v{n}", "value": True} for n in range(101)]}, "variations"),
    ({"variations": [{"key": "on", "value": True}]}, "off_variation"),
    # serves
    ({"off_variation": "maybe"}, "off_variation"),
    ({"off_variation": ["off"]}, "off_variation"),
    ({"fallthrough": {}}, "fallthrough"),
    ({"fallthrough": "on"}, "fallthrough"),
    ({"fallthrough": []}, "fallthrough"),
    ({"fallthrough": {"variation": "maybe"}}, "fallthrough.variation"),
    ({"fallthrough": {"variation": "on", "split": []}}, "fallthrough.variation"),
    ({"fallthrough": {"variation": "on", "bucket_by": ""}}, "fallthrough.bucket_by"),
    ({"fallthrough": {"variation": "on", "bucket_by": 7}}, "fallthrough.bucket_by"),
    ({"fallthrough": {"split": []}}, "fallthrough.split"),
    ({"fallthrough": {"split": "on"}}, "fallthrough.split"),
    ({"fallthrough": {"split": [{"variation": "on"}]}}, "fallthrough.split[0].weight"),
    ({"fallthrough": {"split": [{"variation": "on", "weight": 99.999}]}}, "fallthrough.split"),
    ({"fallthrough": {"split": [{"variation": "on", "weight": "100"}]}}, "fallthrough.split[0].weight"),
    ({"fallthrough": {"split": [{"variation": "on", "weight": 33.3333}]}}, "fallthrough.split[0].weight"),
    ({"fallthrough": {"split": [{"variation": "on", "weight": -1}]}}, "fallthrough.split[0].weight"),
    ({"fallthrough": {"split": [{"variation": "on", "weight": 50}] * 2}}, "fallthrough.split[1].variation"),
    ({"fallthrough": {"split": [{"variation": "x", "weight": 100}]}}, "fallthrough.split[0].variation"),
    # percentages
    *[({"rollout_percentage": bad}, "rollout_percentage") for bad in NO_PERCENTAGES],
    # targets
    ({"targets": {}}, "targets"),
    ({"targets": [7]}, "targets[0]"),
    ({"targets": [{"variation": "on", "ids": []}]}, "targets[0].ids"),
    ({"targets": [{"variation": "on", "ids": "ann"}]}, "targets[0].ids"),
    ({"targets": [{"variation": "on", "ids": ["ann", 7]}]}, "targets[0].ids[1]"),
    ({"targets": [{"variation": "on", "ids": [""]}]}, "targets[0].ids[0]"),
    ({"targets": [{"variation": "on", "ids": ["ann", "ann"]}]}, "targets[0].ids[1]"),
    ({"targets": [{"variation": "x", "ids": ["ann"]}]}, "targets[0].variation"),
    ({"targets": [{"variation": "on", "ids": [str(n) for n in range(10_001)]}]}, "targets"),
    # prerequisites
    ({"prerequisites": [{"flag": "nothing", "variation": "on"}]}, "prerequisites[0].flag"),
    ({"prerequisites": [{"flag": "login", "variation": "maybe"}]}, "prerequisites[0].variation"),
    ({"prerequisites": [{"flag": "checkout", "variation": "on"}]}, "prerequisites[0].flag"),
    ({"prerequisites": [{"flag": "login", "variation": "on"}] * 2}, "prerequisites[1].flag"),
    ({"prerequisites": [{"flag": "LOGIN", "variation": "on"}]}, "prerequisites[0].flag"),
    ({"prerequisites": [{"flag": "login"}]}, "prerequisites[0].variation"),
    ({"prerequisites": ["login"]}, "prerequisites[0]"),
    ({"prerequisites": "login"}, "prerequisites"),
    # rules
    ({"rules": {}}, "rules"),
    ({"rules": [7]}, "rules[0]"),
    ({"rules": [{"serve": {"variation": "on"}}]}, "rules[0].if"),
    ({"rules": [{"if": {"everyone": True}}]}, "rules[0].serve"),
    ({"rules": [rule({"everyone": True}, "maybe")]}, "rules[0].serve.variation"),
    ({"rules": [rule({"everyone": True}, id="A")]}, "rules[0].id"),
    ({"rules": [rule({"everyone": True}, id=None)]}, "rules[0].id"),
    ({"rules": [rule({"everyone": True}, id="a")] * 2}, "rules[1].id"),
    ({"rules": [rule({"everyone": True}, name=7)]}, "rules[0].name"),
    ({"rules": [rule({"everyone": True}, rollout_percentage=101)]}, "rules[0].rollout_percentage"),
    ({"rules": [rule({"everyone": True}, percentage=10)]}, "rules[0].percentage"),
    ({"rules": [rule({"everyone": True})] * 501}, "rules"),
    # conditions
    ({"rules": [rule({})]}, "rules[0].if"),
    ({"rules": [{"if": None, "serve": {"variation": "on"}}]}, "rules[0].if"),
    ({"rules": [rule({"everyone": False})]}, "rules[0].if.everyone"),
    ({"rules": [rule({"all": []})]}, "rules[0].if.all"),
    ({"rules": [rule({"any": {}})]}, "rules[0].if.any"),
    ({"rules": [rule({"not": []})]}, "rules[0].if.not"),
    ({"rules": [rule({"segment": "nobody"})]}, "rules"),
    ({"rules": [rule({"segment": "NOBODY"})]}, "rules[0].if.segment"),
    ({"rules": [rule({"segment": "beta", "everyone": True})]}, "rules[0].if.everyone"),
    ({"rules": [rule({"attribute": "x", "operator": "like", "value": "y"})]}, "rules[0].if.operator"),
    ({"rules": [rule({"attribute": "x", "operator": ["in"], "value": "y"})]}, "rules[0].if.operator"),
    ({"rules": [rule({"attribute": "", "operator": "equals", "value": "y"})]}, "rules[0].if.attribute"),
    ({"rules": [rule({"attribute": 7, "operator": "equals", "value": "y"})]}, "rules[0].if.attribute"),
    ({"rules": [rule({"attribute": "x", "operator": "equals"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "exists", "value": 1})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "gt", "value": "7"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "in", "value": "US"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "in", "value": []})]}, "rules[0].if.value"),
    ({"rules": [rule(equals("x", None))]}, "rules[0].if.value"),
    ({"rules": [rule(equals("x", {"y": 1}))]}, "rules[0].if.value"),
    ({"rules": [rule(equals("x", 7, ignore_case=True))]}, "rules[0].if.value"),
    ({"rules": [rule(equals("x", "y", ignore_case="no"))]}, "rules[0].if.ignore_case"),
    ({"rules": [rule({"attribute": "x", "operator": "before", "value": "soon"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "semver_gt", "value": "one"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "ip_in", "value": "10.0.0.300"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "within_last", "value": "1 month"})]}, "rules[0].if.value"),
    ({"rules": [rule({"attribute": "x", "operator": "regex", "value": "(?<=a)b"})]}, "rules[0].if.value"),
    ({"rules": [rule(nested(21))]}, "rules[0].if" + ".not" * 20),
    (
        {"rules": [rule({"all": [equals("x", 1), {"any": [{"not": {"all": []}}]}]})]},
        "rules[0].if.all[1].any[0].not.all",
    ),
]


@pytest.fixture
def flag(ed: Person) -> Json:
    create_segment(ed, "beta")
    create(ed, boolean("login"))
    return create(ed, boolean())


def test_a_change_that_cannot_be_is_refused_by_its_place(flag: Json, ed: Person, subtests: pytest.Subtests) -> None:
    client = ed.client()
    with nothing_changes():
        for body, path in CHANGES:
            with subtests.test(f"{path}: {str(body)[:80]}"):
                assert_problem(client.patch(f"/flags/checkout{PRODUCTION}", body), 400, "INVALID", path)


def test_a_new_flag_that_cannot_be_is_refused_in_the_same_words(
    flag: Json, ed: Person, subtests: pytest.Subtests
) -> None:
    client = ed.client()
    only_for_changes = {"off_variation", "type", "key", "prerequisites[0].flag"}
    with nothing_changes():
        for fields, path in CHANGES:
            if path not in only_for_changes:
                with subtests.test(f"{path}: {str(fields)[:80]}"):
                    body = {"key": "new-flag", "type": "boolean", **fields}
                    assert_problem(client.post(f"/flags{PRODUCTION}", body), 400, "INVALID", path)


def test_null_is_refused_for_every_field(flag: Json, ed: Person, subtests: pytest.Subtests) -> None:
    client = ed.client()
    fields = {*flag} - {"project", "environment", "hash", "version", "created_at", "updated_at"} | {"comment"}
    with nothing_changes():
        for field in sorted(fields):
            with subtests.test(field):
                assert_problem(client.patch(f"/flags/checkout{PRODUCTION}", {field: None}), 400, "INVALID", field)
                body = {**boolean("new-flag"), field: None}
                assert_problem(client.post(f"/flags{PRODUCTION}", body), 400, "INVALID", field)


KEYS: list[Any] = [
    "", " ", "A", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", "\na", " a", "a ", "x" * 129, 7, True, [], {}, "a\u0301",
]  # fmt: skip


def test_a_key_outside_of_the_alphabet_is_refused(ed: Person, subtests: pytest.Subtests) -> None:
    client = ed.client()
    with nothing_changes():
        for key in KEYS:
            with subtests.test(repr(key)[:20]):
                assert_problem(client.post("/flags", boolean(key)), 400, "INVALID", "key")
                assert_problem(client.post("/segments", {"key": key}), 400, "INVALID", "key")


def test_a_key_inside_of_the_alphabet_is_taken(ed: Person) -> None:
    for key in ("0", "a.b-c_d", "x" * 128):
        assert create(ed, boolean(key))["key"] == key


def test_key_and_type_are_required(ed: Person, subtests: pytest.Subtests) -> None:
    bad: list[tuple[Any, str]] = [
        ({}, "key"),
        ({}, "type"),
        ({"key": "a"}, "type"),
        ({"key": "a", "type": "bool"}, "type"),
        ({"key": "a", "type": ""}, "type"),
        ({"key": "a", "type": "string"}, "variations"),
        ({"key": "a", "type": "json", "variations": []}, "variations"),
        ([], ""),
        ("flag", ""),
        (7, ""),
    ]
    with nothing_changes():
        for body, path in bad:
            with subtests.test(str(body)):
                problem = assert_problem(ed.client().post(f"/flags{PRODUCTION}", body), 400, "INVALID", path)
                assert "development" not in problem["detail"]


def test_every_mistake_is_named_at_once(flag: Json, ed: Person) -> None:
    body = {"enabled": "yes", "rollout_percentage": 101, "rules": [rule({"all": []}, "maybe")]}
    response = ed.client().patch(f"/flags/checkout{PRODUCTION}", body)
    paths = ("enabled", "rollout_percentage", "rules[0].if.all", "rules[0].serve.variation")
    problem = assert_problem(response, 400, "INVALID", *paths)
    assert len(problem["errors"]) == 4


def test_a_mistyped_field_is_met_with_the_one_that_was_meant(flag: Json, ed: Person) -> None:
    problem = assert_problem(ed.client().patch("/flags/checkout", {"rollout_precentage": 5}), 400, "INVALID")
    assert "Did you mean `rollout_percentage`?" in problem["detail"]


def test_an_invalid_regex_is_refused_with_the_reason(flag: Json, ed: Person) -> None:
    body = {"rules": [rule({"attribute": "x", "operator": "regex", "value": "(unclosed"})]}
    problem = assert_problem(ed.client().patch("/flags/checkout", body), 400, "INVALID", "rules[0].if.value")
    assert "missing )" in problem["detail"]


def test_a_condition_may_be_twenty_levels_deep(flag: Json, ed: Person) -> None:
    assert change(ed, "checkout", rules=[rule(nested(20), id="deep")])["rules"][0]["if"] == nested(20)


def test_a_percentage_has_up_to_three_decimals(flag: Json, ed: Person) -> None:
    for percentage in (0, 0.001, 33.333, 99.999, 50.0, 100):
        assert change(ed, "checkout", rollout_percentage=percentage)["rollout_percentage"] == percentage


def test_prerequisites_in_a_circle_are_refused_and_the_circle_is_named(flag: Json, ed: Person) -> None:
    create(ed, boolean("third", prerequisites=[{"flag": "checkout", "variation": "on"}]))
    change(ed, "checkout", prerequisites=[{"flag": "login", "variation": "on"}])
    with nothing_changes():
        body = {"prerequisites": [{"flag": "third", "variation": "on"}]}
        problem = assert_problem(ed.client().patch(f"/flags/login{PRODUCTION}", body), 400, "INVALID", "prerequisites")
    assert "login → third → checkout → login" in problem["detail"]
    change(ed, "login", environment="staging", **body)  # a circle is one environment's


def test_another_project_s_flags_and_segments_cannot_be_named(flag: Json, ed: Person, otto: Person) -> None:
    create(otto, texts("theirs"))
    create_segment(otto, "their-segment")
    for body in (
        {"prerequisites": [{"flag": "theirs", "variation": "a"}]},
        {"rules": [rule({"segment": "their-segment"})]},
    ):
        with nothing_changes():
            assert_problem(ed.client().patch("/flags/checkout", body), 400, "INVALID")
