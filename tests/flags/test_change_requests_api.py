"""Change requests over REST: approved by somebody else, published, at a set time, merged, taken back."""

from datetime import timedelta

import pytest
from auditlog.models import LogEntry

from accounts.models import Environment, Project
from flags.models import Flag, Revision
from flags.services import publish_due
from flagsite.lib import clock
from flagsite.lib.moments import rfc3339
from tests.conftest import Person
from tests.flags.builders import equals, make, rule, set_fields, state_of
from tests.flags.requesting import TO_10, proposed, read, step
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


@pytest.fixture
def guarded(production: Environment) -> Environment:
    """Production, in which somebody else must approve and every change says why."""
    production.requires_approval = production.is_protected = True
    production.save()
    return production


def test_a_change_goes_its_whole_way_over_rest(ed: Person, ada: Person, checkout: Flag, guarded: Environment) -> None:
    refused = ed.client().patch("/flags/checkout?environment=production", {"rollout_percentage": 10})
    problem = assert_problem(refused, 409, "APPROVAL_REQUIRED")
    assert "POST /change-requests" in problem["detail"]
    assert (problem["title"], problem["type"]) == (
        "Approval required",
        "/docs#/change-requests/create_change_request",
    )
    request = proposed(ed, comment="A tenth first")
    assert (request["status"], request["needs_approval_in"], request["needs_comment_in"]) == (
        "open",
        ["production"],
        ["production"],
    )
    assert request["changes"] == [
        {"kind": "flag", "key": "checkout", "environments": ["production"], "sentences": ["Rollout 100 % → 10 %."]}
    ]
    (difference,) = request["difference"]
    assert (difference["before"]["rollout_percentage"], difference["after"]["rollout_percentage"]) == (100, 10)
    problem = assert_problem(step(ed, request, "publish"), 409, "APPROVAL_REQUIRED")
    assert "Nobody has approved" in problem["detail"]
    assert_problem(step(ed, request, "approve"), 403, "OWN_CHANGE")
    approved = step(ada, request, "approve", comment="Fine").json()
    assert [(each["person"], each["comment"]) for each in approved["approvals"]] == [("ada", "Fine")]
    assert (approved["can_be_published"], approved["needs_approval_in"]) == (True, [])
    published = step(ed, request, "publish").json()
    assert (published["status"], published["changes"]) == ("published", request["changes"])
    revision = Revision.objects.get(change_request=request["id"])
    assert (revision.actor_label, revision.approved_by, revision.source) == ("ed", "ada", "api")
    assert revision.comment == "A tenth first"
    assert state_of(checkout, guarded).rollout_percentage == 10
    assert_problem(step(ed, request, "publish"), 409, "NOT_PENDING")


def test_a_changed_request_needs_a_new_approval(ed: Person, ada: Person, checkout: Flag, guarded: Environment) -> None:
    request = proposed(ed, comment="Slowly")
    step(ada, request, "approve")
    to_20 = {**TO_10, "set": {"rollout_percentage": 20}}
    path = f"/change-requests/{request['id']}"
    changed = ed.client().patch(path, {"version": 1, "edits": [to_20]})
    assert (changed.status_code, changed.headers["ETag"], changed.json()["approvals"]) == (200, '"2"', [])
    assert_problem(step(ed, request, "publish"), 412, "STALE_VERSION")
    assert_problem(step(ada, request, "approve"), 412, "STALE_VERSION")
    assert_problem(step(ed, changed.json(), "publish"), 409, "APPROVAL_REQUIRED")
    assert_problem(ed.client().patch(path, {"version": 1, "edits": [TO_10]}), 412, "STALE_VERSION")
    back = ed.client().patch(path, {"version": 2, "edits": [TO_10]}).json()
    assert back["digest"] == request["digest"]
    assert step(ada, back, "approve").json()["can_be_published"], "who approved it once may approve it again"
    assert step(ed, back, "publish").status_code == 200


def test_a_protected_environment_asks_for_a_comment(ed: Person, checkout: Flag, production: Environment) -> None:
    production.is_protected = True
    production.save()
    request = proposed(ed)
    with nothing_changes():
        assert_problem(step(ed, request, "publish"), 400, "INVALID", "comment")
    assert step(ed, request, "publish", comment="Because").status_code == 200


def test_a_change_is_published_at_its_time_unless_somebody_takes_the_time_away(
    ed: Person, checkout: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now() + timedelta(hours=1)
    request = proposed(ed, publish_at=rfc3339(at), comment="At night")
    assert (request["status"], clock.now() < at) == ("scheduled", True)
    waiting = step(ed, request, "unschedule", comment="Not tonight").json()
    assert (waiting["status"], waiting["publish_at"]) == ("open", None)
    assert_problem(step(ed, request, "unschedule"), 409, "NOT_SCHEDULED")
    past = rfc3339(clock.now() - timedelta(seconds=1))
    assert_problem(step(ed, request, "schedule", publish_at=past), 400, "INVALID", "publish_at")
    again = step(ed, request, "schedule", publish_at=rfc3339(at)).json()
    assert again["status"] == "scheduled"
    monkeypatch.setattr(clock, "now", lambda: at)
    assert publish_due() == 1
    assert (read(ed, request)["status"], float(state_of(checkout, production).rollout_percentage)) == (
        "published",
        10.0,
    )


def test_what_needs_an_approval_is_scheduled_only_once_it_has_one(
    ed: Person, ada: Person, checkout: Flag, guarded: Environment
) -> None:
    at = rfc3339(clock.now() + timedelta(hours=1))
    with nothing_changes():
        answer = ed.client().post("/change-requests", {"edits": [TO_10], "comment": "x", "publish_at": at})
        assert_problem(answer, 409, "APPROVAL_REQUIRED")
    request = proposed(ed, comment="x")
    step(ada, request, "approve")
    assert step(ed, request, "schedule", publish_at=at).json()["status"] == "scheduled"


def test_what_somebody_published_in_between_is_shown_and_merged(
    ed: Person, ada: Person, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, {**TO_10, "set": {"rollout_percentage": 10, "enabled": False}})
    theirs = set_fields(checkout, production, rollout_percentage=50, targets=[{"variation": "off", "ids": ["bob"]}])
    moved = read(ed, request)
    assert (moved["can_be_published"], moved["difference"]) == (False, [])
    (conflict,) = moved["conflicts"]
    (clash,) = conflict["clashes"]
    assert (conflict["place"], conflict["revisions"]) == ("flag checkout in production", [theirs.number])
    assert {name: float(clash[name]) for name in ("base", "mine", "theirs")} == {"base": 100, "mine": 10, "theirs": 50}
    assert_problem(step(ed, request, "publish"), 412, "STALE_VERSION")
    assert_problem(step(ed, request, "merge"), 400, "INVALID", f"choices.{clash['choice']}")
    assert_problem(step(ed, request, "merge", choices={clash["choice"]: "ours"}), 400, "INVALID")
    merged = step(ada, request, "merge", choices={clash["choice"]: "theirs"}).json()
    assert (merged["version"], merged["conflicts"], merged["changes"][0]["sentences"]) == (2, [], ["Turned off."])
    step(ed, merged, "publish")
    state = state_of(checkout, production)
    assert (state.enabled, float(state.rollout_percentage), state.targets[0]["ids"]) == (False, 50.0, ["bob"])


def test_somebody_else_declines_it_and_says_why(ed: Person, ada: Person, checkout: Flag) -> None:
    request = proposed(ed)
    with nothing_changes():
        assert_problem(step(ada, request, "withdraw"), 409, "NOT_OWN_CHANGE")
        assert_problem(step(ed, request, "decline", comment="No"), 403, "OWN_CHANGE")
        assert_problem(step(ada, request, "decline"), 400, "INVALID", "comment")
        assert_problem(step(ada, request, "decline", comment=" "), 400, "INVALID", "comment")
        assert_problem(step(ada, {**request, "version": 2}, "decline", comment="No"), 412, "STALE_VERSION")
    declined = step(ada, request, "decline", comment="Not before Christmas").json()
    assert (declined["status"], declined["ended_by"], declined["reason"]) == ("declined", "ada", "Not before Christmas")
    assert declined["changes"] == request["changes"], "what was declined stays to be read"
    entry = LogEntry.objects.filter(content_type__model="changerequest").latest("pk")
    assert entry.additional_data["comment"] == "Not before Christmas"
    with nothing_changes():
        for name in ("approve", "publish", "merge", "withdraw", "unschedule"):
            assert_problem(step(ada, request, name), 409, "NOT_PENDING")
        assert_problem(step(ada, request, "decline", comment="No"), 409, "NOT_PENDING")
        patched = ed.client().patch(f"/change-requests/{request['id']}", {"version": 1, "edits": [TO_10]})
        assert_problem(patched, 409, "NOT_PENDING")


def test_who_proposed_it_takes_it_back(ed: Person, checkout: Flag) -> None:
    withdrawn = step(ed, proposed(ed), "withdraw", comment="Too early").json()
    assert (withdrawn["status"], withdrawn["ended_by"], withdrawn["reason"]) == ("withdrawn", "ed", "Too early")


def test_names_and_tags_that_were_published_are_still_told(ed: Person, checkout: Flag) -> None:
    request = proposed(ed, {"flag": "checkout", "set": {"name": "The till", "tags": ["web"]}}, TO_10)
    published = step(ed, request, "publish").json()
    assert published["changes"] == request["changes"]
    assert [each["sentences"] for each in published["changes"]] == [
        ['Name none → "The till".', 'Tag "web" added.'],
        ["Rollout 100 % → 10 %."],
    ]
    (listed,) = ed.client().get("/change-requests").json()["results"]
    assert listed["summary"] == "Rollout 100 % → 10 %. And 2 more."


def test_what_is_brought_back_is_called_so(ed: Person, checkout: Flag, production: Environment) -> None:
    first = Revision.objects.filter(environment=production).latest("number").number
    set_fields(checkout, production, enabled=False)
    restore = {"flag": "checkout", "environment": "production", "restore": first}
    request = proposed(ed, restore)
    assert (request["title"], request["summary"]) == (
        f"Restore revision {first} of checkout in production",
        "Turned on.",
    )
    changed = ed.client().patch(f"/change-requests/{request['id']}", {"version": 1, "edits": [TO_10]}).json()
    assert changed["title"] == "Change checkout in production"


def test_a_viewer_reads_and_does_nothing_and_a_stranger_sees_nothing(
    ed: Person, vi: Person, otto: Person, nina: Person, checkout: Flag
) -> None:
    request = proposed(ed)
    path = f"/change-requests/{request['id']}"
    assert read(vi, request)["difference"] == request["difference"]
    assert vi.client().get(f"{path}/effects").json()["effects"][0]["environment"] == "production"
    with nothing_changes():
        assert_problem(vi.client().post("/change-requests", {"edits": [TO_10]}), 403, "MISSING_ROLE")
        assert_problem(vi.client().patch(path, {"version": 1, "edits": [TO_10]}), 403, "MISSING_ROLE")
        for name in ("approve", "publish", "merge", "withdraw", "unschedule"):
            assert_problem(step(vi, request, name), 403, "MISSING_ROLE")
        assert_problem(otto.client().get(path), 404, "CHANGE_REQUEST_NOT_FOUND")
        assert_problem(step(otto, request, "publish"), 404, "CHANGE_REQUEST_NOT_FOUND")
        assert_problem(nina.client().get(path), 404, "PROJECT_NOT_FOUND")


def test_the_effects_say_who_loses_and_what_the_rules_warn_of(ed: Person, checkout: Flag) -> None:
    never = [rule(equals("plan", "pro"), id="all"), rule(equals("plan", "pro"), "off", id="never")]
    request = proposed(ed, {**TO_10, "set": {"rules": never, "rollout_percentage": 10}})
    found = ed.client().get(f"/change-requests/{request['id']}/effects").json()
    (effect,) = found["effects"]
    assert (found["version"], effect["environment"], effect["more_flags"]) == (1, "production", 0)
    assert [flag["key"] for flag in effect["flags"]] == ["checkout"]
    assert (effect["contexts"], effect["somebody_loses"], effect["anyone_loses"]) == (0, False, True)
    assert any("of those whom no rule takes 90 % lose" in sentence for sentence in effect["flags"][0]["buckets"])
    assert any("contradicts" in warning["says"] for warning in effect["warnings"])
    step(ed, request, "withdraw")
    assert ed.client().get(f"/change-requests/{request['id']}/effects").json()["effects"] == []
