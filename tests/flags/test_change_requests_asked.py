"""What is asked for over REST becomes a change request, or is refused at its place; and is found again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.models import ChangeRequest, Flag
from tests.conftest import Person
from tests.flags.builders import Json, create_segment, equals, make, newest, rule, set_fields, state_of
from tests.flags.requesting import TO_10, proposed, step
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


EVERY_EDIT: dict[str, tuple[Json, str]] = {
    "shared": ({"flag": "checkout", "set": {"tags": ["web"], "name": "Till"}}, 'Name none → "Till".'),
    "own": ({"flag": "checkout", "environment": "production", "set": {"enabled": False}}, "Turned off."),
    "flag": ({"flag": "checkout", "delete": True}, "Deleted."),
    "segment": ({"segment": "beta", "set": {"included": ["ann", "bob"]}}, "1 id now listed in: bob."),
    "list": ({"segment": "beta", "delete": True}, "Deleted."),
}


@pytest.mark.parametrize(("edit", "sentence"), EVERY_EDIT.values(), ids=EVERY_EDIT)
def test_every_kind_of_edit_is_proposed_shown_again_and_published(
    ed: Person, checkout: Flag, edit: Json, sentence: str
) -> None:
    create_segment(ed, "beta", included=["ann"])
    request = proposed(ed, edit)
    sent_again = [{name: value for name, value in each.items() if name != "version"} for each in request["edits"]]
    assert sent_again == [edit]
    assert proposed(ed, *request["edits"])["digest"] == request["digest"]
    assert sentence in request["changes"][0]["sentences"]
    assert step(ed, request, "publish").json()["status"] == "published"


def test_an_earlier_state_and_another_environment_s_are_proposed(
    ed: Person, shop: Project, checkout: Flag, production: Environment, development: Environment
) -> None:
    before = newest(checkout, production).number
    set_fields(checkout, production, enabled=False)
    set_fields(checkout, development, enabled=True, rules=[rule(equals("plan", "pro"), id="pro")], salt="theirs")
    back = proposed(ed, {"flag": "checkout", "environment": "production", "restore": before})
    assert back["changes"][0]["sentences"] == ["Turned on."]
    copied = {"flag": "checkout", "environment": "production", "copy_from": "development"}
    (difference,) = proposed(ed, copied)["difference"]
    assert (difference["after"]["enabled"], len(difference["after"]["rules"])) == (True, 1)
    assert difference["after"]["salt"] != "theirs", "who falls where stays, unless it is asked for"
    (difference,) = proposed(ed, {**copied, "parts": ["rules", "salt"]})["difference"]
    assert (difference["after"]["enabled"], difference["after"]["salt"]) == (False, "theirs")


def test_edits_of_one_flag_in_several_environments_are_one_change(
    ed: Person, checkout: Flag, production: Environment, development: Environment
) -> None:
    edits = [TO_10, {**TO_10, "environment": "development"}, {"flag": "checkout", "set": {"name": "Till"}}]
    request = proposed(ed, *edits, title="Everywhere")
    assert (request["title"], request["flags"]) == ("Everywhere", ["checkout"])
    assert request["environments"] == ["development", "staging", "production"]
    step(ed, request, "publish")
    assert {state_of(checkout, each).rollout_percentage for each in (production, development)} == {10}


WRONG: list[tuple[Json, str]] = [
    ({"edits": []}, "edits"),
    ({"edits": [TO_10] * 101}, "edits"),
    ({}, "edits"),
    ({"edits": [TO_10], "titel": "x"}, "titel"),
    ({"edits": [TO_10], "publish_at": "tomorrow"}, "publish_at"),
    ({"edits": [TO_10], "publish_at": "2020-01-01T00:00:00Z"}, "publish_at"),
    ({"edits": [{"flag": "checkout"}]}, "edits[0]"),
    ({"edits": [{**TO_10, "delete": True}]}, "edits[0]"),
    ({"edits": [{**TO_10, "segment": "beta"}]}, "edits[0]"),
    ({"edits": [{"flag": "checkout", "delete": False}]}, "edits[0]"),
    ({"edits": [TO_10, {**TO_10, "sett": {}}]}, "edits[1].sett"),
    ({"edits": [{**TO_10, "set": {"rollout": 5}}]}, "edits[0].set.rollout"),
    ({"edits": [{**TO_10, "set": {"comment": "x"}}]}, "edits[0].set.comment"),
    ({"edits": [{**TO_10, "set": 5}]}, "edits[0].set"),
    ({"edits": [{**TO_10, "environment": "moon"}]}, "edits[0].environment"),
    ({"edits": [{"flag": "checkout", "set": {"enabled": False}}]}, "edits[0].environment"),
    ({"edits": [{"flag": "checkout", "restore": 1}]}, "edits[0].environment"),
    ({"edits": [{"flag": "checkout", "set": {"name": "x"}, "version": 1}]}, "edits[0].environment"),
    ({"edits": [TO_10, TO_10]}, "edits[1]"),
    ({"edits": [{**TO_10, "parts": ["rules"]}]}, "edits[0].parts"),
    ({"edits": [{"segment": "beta", "copy_from": "staging"}]}, "edits[0].copy_from"),
    ({"edits": [{**TO_10, "set": {"rollout_percentage": 101}}]}, "edits[0].set.rollout_percentage"),
    (
        {"edits": [{"segment": "beta", "set": {"name": "B"}}, {**TO_10, "set": {"rules": [{"if": {}}]}}]},
        "edits[1].set.rules[0].if",
    ),
    (
        {"edits": [TO_10, {**TO_10, "environment": "staging", "set": {"off_variation": "gone"}}]},
        "edits[1].set.off_variation",
    ),
    ({"edits": [{"segment": "beta", "set": {"if": {"all": 5}}}]}, "edits[0].set.if.all"),
]


def test_what_is_wrong_is_refused_at_its_place(ed: Person, checkout: Flag, subtests: pytest.Subtests) -> None:
    create_segment(ed, "beta")
    with nothing_changes():
        for body, place in WRONG:
            with subtests.test(str(body)[:100]):
                assert_problem(ed.client().post("/change-requests", body), 400, "INVALID", place)


def test_what_is_not_there_or_stale_or_the_same_already_is_no_change_request(ed: Person, checkout: Flag) -> None:
    api = ed.client()
    with nothing_changes():
        for edit, status, code in (
            ({**TO_10, "flag": "gone"}, 404, "FLAG_NOT_FOUND"),
            ({"segment": "gone", "delete": True}, 404, "SEGMENT_NOT_FOUND"),
            ({"flag": "checkout", "environment": "production", "restore": 99}, 404, "REVISION_NOT_FOUND"),
            ({**TO_10, "version": 7}, 412, "STALE_VERSION"),
            ({**TO_10, "set": {"enabled": True}}, 400, "NOTHING_CHANGES"),
        ):
            assert_problem(api.post("/change-requests", {"edits": [edit]}), status, code)
        assert_problem(api.get("/change-requests/999999"), 404, "CHANGE_REQUEST_NOT_FOUND")
        assert_problem(api.get(f"/change-requests/{10**30}"), 404, "CHANGE_REQUEST_NOT_FOUND")
        assert_problem(api.get("/change-requests?environment=moon"), 404, "ENVIRONMENT_NOT_FOUND")
        assert_problem(api.get("/change-requests?status=lost"), 400, "INVALID", "status")


def test_a_change_request_is_found_by_what_it_is_about(ed: Person, shop: Project, checkout: Flag) -> None:
    create_segment(ed, "beta")
    make(shop, "sale")
    here = proposed(ed)["id"]
    there = proposed(ed, {**TO_10, "environment": "staging"})["id"]
    everywhere = proposed(ed, {"segment": "beta", "set": {"included": ["x"]}})["id"]
    both = proposed(ed, {**TO_10, "flag": "sale"}, {**TO_10, "environment": "staging"})
    step(ed, both, "withdraw")

    def found(**query: str) -> list[int]:
        return [each["id"] for each in ed.client().get("/change-requests", query).json()["results"]]

    assert found() == [both["id"], everywhere, there, here]
    assert found(status="open") == [everywhere, there, here]
    assert found(flag="checkout") == [both["id"], there, here]
    assert found(environment="production") == [both["id"], everywhere, here]
    assert found(flag="checkout", environment="production") == [here]
    assert found(segment="beta", environment="staging") == [everywhere]
    assert found(flag="sale", status="withdrawn") == [both["id"]]
    ed.client().patch(f"/change-requests/{here}", {"version": 1, "edits": [{**TO_10, "flag": "sale"}]})
    assert here in found(flag="sale")
    assert here not in found(flag="checkout")


def test_the_list_comes_in_pages_and_costs_the_same_for_few_and_for_many(ed: Person, checkout: Flag) -> None:
    costs = []
    for number in (2, 6):
        for _ in range(number):
            proposed(ed)
        with CaptureQueriesContext(connection) as captured:
            assert len(ed.client().get("/change-requests").json()["results"]) >= number
        costs.append(len(captured))
    assert costs[0] == costs[1]
    seen, page = [], "/change-requests?page_size=3"
    while page:
        answer = ed.client().get(page).json()
        seen += [each["id"] for each in answer["results"]]
        page = answer["next"]
    assert seen == sorted(ChangeRequest.objects.values_list("pk", flat=True), reverse=True)
    assert_problem(ed.client().get("/change-requests?cursor=x"), 400, "INVALID", "cursor")
