"""POST /flags/{key}/rollout: how many contexts a flag lets in."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, decide, equals, rule
from tests.problems import assert_problem
from tests.rollouts.conftest import RAMP, Start, do, step
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

ROLLOUT = f"/flags/checkout/rollout{PRODUCTION}"


def test_the_percentage_is_set_where_it_was_said(ed: Person) -> None:
    created = create(ed, boolean(rules=[rule(equals("country", "US"), rollout_percentage=7)], rollout_percentage=1))
    for version, percentage in enumerate((0, 0.001, 12.5, 99.999, 100), start=2):
        response = ed.client().post(ROLLOUT, {"percentage": percentage})
        assert (response.status_code, response.headers["ETag"]) == (200, f'"{version}"')
        flag = response.json()
        assert (flag["rollout_percentage"], flag["rules"]) == (percentage, created["rules"])
        assert flag["salt"] == created["salt"]
    assert ed.client().get("/flags/checkout").json()["rollout_percentage"] == 100


def test_the_next_evaluation_knows(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    ed.client().post(ROLLOUT, {"percentage": 0})
    assert decide(sdk, "checkout")["reason"] == "OUTSIDE_ROLLOUT"


def test_the_history_says_why_or_at_least_what(ed: Person) -> None:
    create(ed, boolean())
    ed.client().post(ROLLOUT, {"percentage": 5})
    ed.client().post(ROLLOUT, {"percentage": 10, "comment": "No complaints so far"})
    ed.client().post(ROLLOUT, {"percentage": 10, "comment": "Nothing changes"})
    comments = [each["comment"] for each in ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"]]
    assert comments == ["No complaints so far", "Rollout set to 5 %", ""]


NO_PERCENTAGES: list[Any] = [-1, 101, 0.0001, "5", True, [], {}, 10**30, 1e300]
BAD: list[tuple[Any, str]] = [
    ({}, "percentage"),
    ({"percentage": None}, "percentage"),
    *[({"percentage": bad}, "percentage") for bad in NO_PERCENTAGES],
    ({"percentage": 5, "comment": None}, "comment"),
    ({"percentage": 5, "comment": "x" * 2001}, "comment"),
    ({"rollout_percentage": 5}, "rollout_percentage"),
    ([], ""),
]


def test_what_is_no_percentage_is_refused(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    with nothing_changes():
        for body, path in BAD:
            with subtests.test(str(body)):
                assert_problem(ed.client().post(ROLLOUT, body), 400, "INVALID", path)
        assert_problem(ed.client().post("/flags/nothing/rollout", {"percentage": 5}), 404, "FLAG_NOT_FOUND")


def test_a_protected_environment_wants_to_know_why(ed: Person, production: Environment) -> None:
    create(ed, boolean())
    production.is_protected = True
    production.save(update_fields=["is_protected"])
    with nothing_changes():
        assert_problem(ed.client().post(ROLLOUT, {"percentage": 5}), 400, "INVALID", "comment")
        assert_problem(ed.client().post(ROLLOUT, {"percentage": 5, "comment": " "}), 400, "INVALID", "comment")
    assert ed.client().post(ROLLOUT, {"percentage": 5, "comment": "The dress rehearsal"}).status_code == 200


def test_a_protected_environment_wants_to_know_why_a_ramp_goes_another_way(
    ed: Person, production: Environment, start: Start
) -> None:
    create(ed, boolean(rollout_percentage=0))
    production.is_protected = True
    production.save(update_fields=["is_protected"])
    start(step(1), step(50, after="1h"), comment="The dress rehearsal")
    with nothing_changes():
        assert_problem(ed.client().post(f"/flags/checkout/ramp/advance{PRODUCTION}"), 400, "INVALID", "comment")
        assert_problem(ed.client().patch(RAMP, {"watch_for": "1h"}), 400, "INVALID", "comment")
    do(ed, "advance", comment="The house is full")
    assert do(ed, "rollback")["status"] == "rolled_back", "an emergency waits for no words"


def test_a_viewer_sets_nothing(ed: Person, vi: Person) -> None:
    create(ed, boolean())
    with nothing_changes():
        assert_problem(vi.client().post(ROLLOUT, {"percentage": 5}), 403, "MISSING_ROLE")
