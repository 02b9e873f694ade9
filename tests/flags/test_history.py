"""GET /flags/{key}/history and POST /flags/{key}/restore."""

import pytest
from rest_framework.test import APIClient

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create, create_segment, decide, equals, rule, texts
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

HISTORY, RESTORE = f"/flags/checkout/history{PRODUCTION}", f"/flags/checkout/restore{PRODUCTION}"


def test_the_history_says_who_changed_what_when_and_why(ed: Person, ada: Person) -> None:
    create(ed, boolean(comment="First"))
    change(ada, "checkout", enabled=False, comment="Broken")
    create(ed, boolean("another"))
    change(ed, "checkout", environment="staging", enabled=True)
    newest, oldest = ed.client().get(HISTORY).json()["results"]
    assert (newest["revision"], newest["actor"], newest["source"], newest["comment"]) == (3, "ada", "api", "Broken")
    assert (oldest["revision"], oldest["actor"], oldest["comment"]) == (2, "ed", "First")
    assert (oldest["flag"]["enabled"], newest["flag"]["enabled"]) == (True, False)
    assert newest["created_at"] > oldest["created_at"]


def test_the_history_says_in_sentences_what_each_change_did(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=10))
    create(ed, boolean("another"))
    change(ed, "checkout", rollout_percentage=50, rules=[rule(equals("country", "US"), name="Americans")])
    change(ed, "checkout", environment="staging", enabled=True)
    change(ed, "checkout", enabled=False)
    assert ed.client().delete(f"/flags/checkout{PRODUCTION}").status_code == 204
    create(ed, boolean())
    told = [each["changes"] for each in ed.client().get(HISTORY).json()["results"]]
    assert told == [
        ['Created: turned on, the default rule serves "on".'],
        ["Deleted."],
        ["Turned off."],
        ["Rollout 10 % → 50 %.", 'Rule "Americans" added at position 1: if country is US, serve "on".'],
        ['Created: turned on, the default rule serves "on", rollout 10 %.'],
    ]


def test_a_segment_has_its_history_too_also_when_it_is_gone(ed: Person, vi: Person) -> None:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean("beta"))  # of the same key, and another thing
    assert ed.client().patch("/segments/beta", {"included": ["ann", "bob"], "comment": "More"}).status_code == 200
    assert ed.client().delete("/segments/beta").status_code == 204
    newest, changed, oldest = vi.client().get(f"/segments/beta/history{PRODUCTION}").json()["results"]
    assert (newest["changes"], newest["segment"]) == (["Deleted."], None)
    assert (changed["changes"], changed["comment"]) == (["1 id now listed in: bob."], "More")
    assert oldest["segment"]["included"] == ["ann"]
    assert "flag" not in oldest


def test_the_last_change_of_a_page_is_told_by_what_stands_on_the_next(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=10))
    change(ed, "checkout", rollout_percentage=50)
    (newest,) = ed.client().get(f"{HISTORY}&page_size=1").json()["results"]
    assert newest["changes"] == ["Rollout 10 % → 50 %."]


def test_a_long_history_comes_in_pages(ed: Person) -> None:
    create(ed, boolean())
    for percentage in range(1, 6):
        change(ed, "checkout", rollout_percentage=percentage)
    client, revisions, address = ed.client(), [], f"{HISTORY}&page_size=2"
    while address:
        page = client.get(address).json()
        revisions += [each["revision"] for each in page["results"]]
        address = page["next"]
    assert revisions == [7, 6, 5, 4, 3, 2]


def test_a_flag_that_never_was_has_no_history(ed: Person) -> None:
    assert ed.client().get("/flags/nothing/history").json()["results"] == []


def test_restoring_brings_the_whole_state_back_as_a_new_revision(ed: Person, sdk: APIClient) -> None:
    created = create(ed, boolean(rules=[rule(equals("country", "US"))], rollout_percentage=10))
    change(ed, "checkout", rules=[], rollout_percentage=100, enabled=False, salt="other", name="Renamed")
    response = ed.client().post(RESTORE, {"revision": 2})
    assert response.status_code == 200, response.content
    restored = response.json()
    assert restored["name"] == "Renamed"  # what all environments share is not restored
    state = {"rules", "rollout_percentage", "enabled", "salt", "targets", "fallthrough"}
    assert {name: restored[name] for name in state} == {name: created[name] for name in state}
    newest = ed.client().get(HISTORY).json()["results"][0]
    assert (newest["revision"], newest["comment"]) == (4, "Restored revision 2")
    assert decide(sdk, "checkout", country="US")["reason"] == "RULE_MATCH"


def test_a_revision_that_concerned_another_flag_restores_what_was_in_force_then(ed: Person) -> None:
    create(ed, boolean())
    create(ed, boolean("another"))
    change(ed, "checkout", enabled=False)
    response = ed.client().post(RESTORE, {"revision": 3, "comment": "As on Tuesday"})
    assert response.json()["enabled"] is True
    assert ed.client().get(HISTORY).json()["results"][0]["comment"] == "As on Tuesday"


def test_restoring_the_present_state_writes_nothing(ed: Person) -> None:
    create(ed, boolean())
    with nothing_changes():
        assert ed.client().post(RESTORE, {"revision": 2}).status_code == 200


def test_a_revision_at_which_there_was_no_such_flag_cannot_be_restored(ed: Person) -> None:
    create(ed, boolean())
    with nothing_changes():
        for revision in (1, 3, 99, 2**63, 2**64 - 1):
            assert_problem(ed.client().post(RESTORE, {"revision": revision}), 404, "REVISION_NOT_FOUND")


def test_a_state_whose_segment_is_gone_cannot_be_restored(ed: Person) -> None:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean(rules=[rule({"segment": "beta"})]))
    change(ed, "checkout", rules=[])
    assert ed.client().delete("/segments/beta").status_code == 204
    with nothing_changes():
        assert_problem(ed.client().post(RESTORE, {"revision": 3}), 400, "INVALID", "rules")


def test_a_state_that_serves_a_variation_which_is_gone_cannot_be_restored(ed: Person) -> None:
    create(ed, texts("checkout", fallthrough={"variation": "c"}))
    change(ed, "checkout", fallthrough={"variation": "a"})
    change(ed, "checkout", variations=[{"key": "a", "value": ""}])
    with nothing_changes():
        assert_problem(ed.client().post(RESTORE, {"revision": 2}), 400, "INVALID", "fallthrough.variation")
