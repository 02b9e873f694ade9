"""Environments that ask for more than a role: a comment, or a second person's approval."""

from collections.abc import Callable

import pytest

from accounts.models import Environment, Project
from accounts.roles import Role
from accounts.services import withdraw_role
from flags.chain.links import Head
from flags.editing.edits import FlagEdit
from flags.errors import ApprovalRequired, OwnChange
from flags.models import ChangeRequest, Flag, Revision
from flags.querysets import verified_chain
from flags.services import approve, propose, publish_change_request, revise, schedule_change_request, turn_off_flag
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, StaleVersion
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, create_segment, make, set_fields, state_of


@pytest.fixture
def guarded(production: Environment) -> Environment:
    """Production, in which somebody else must approve."""
    production.requires_approval = True
    production.save()
    return production


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


@pytest.fixture
def request_of_ed(ed: Person, shop: Project, checkout: Flag, guarded: Environment) -> ChangeRequest:
    return propose(project=shop, edits=[edit(checkout, guarded, 10)], by=ed.actor)


def edit(flag: Flag, environment: Environment, percentage: float) -> FlagEdit:
    version = state_of(flag, environment).version
    fields = {"rollout_percentage": percentage}
    return FlagEdit(flag.key, states={environment.key: fields}, versions={environment.key: version})


def test_without_an_approval_nothing_is_published(ed: Person, request_of_ed: ChangeRequest) -> None:
    with pytest.raises(ApprovalRequired):
        publish_change_request(request_of_ed, by=ed.actor, version=1)


def test_an_approved_change_is_published_and_the_history_names_who_approved_it(
    ed: Person, ada: Person, request_of_ed: ChangeRequest, guarded: Environment
) -> None:
    approve(request_of_ed, by=ada.actor, version=1)
    publish_change_request(request_of_ed, by=ed.actor, version=1)
    revision = Revision.objects.get(change_request=request_of_ed)
    assert (revision.actor_label, revision.approved_by) == ("ed", "ada")
    assert isinstance(verified_chain(guarded), Head)


def test_who_approved_is_part_of_the_chain(
    ed: Person, ada: Person, request_of_ed: ChangeRequest, guarded: Environment
) -> None:
    approve(request_of_ed, by=ada.actor, version=1)
    publish_change_request(request_of_ed, by=ed.actor, version=1)
    Revision.objects.filter(change_request=request_of_ed).update(approved_by="otto")
    assert not isinstance(verified_chain(guarded), Head)


def test_nobody_approves_their_own(ed: Person, request_of_ed: ChangeRequest) -> None:
    with pytest.raises(OwnChange):
        approve(request_of_ed, by=ed.actor, version=1)


def test_who_had_a_hand_in_it_does_not_approve_it(
    ada: Person, request_of_ed: ChangeRequest, checkout: Flag, guarded: Environment
) -> None:
    revise(request_of_ed, edits=[edit(checkout, guarded, 20)], by=ada.actor, version=1)
    with pytest.raises(OwnChange):
        approve(request_of_ed, by=ada.actor, version=2)


def test_a_changed_request_needs_a_new_approval(
    ed: Person, ada: Person, request_of_ed: ChangeRequest, checkout: Flag, guarded: Environment
) -> None:
    approve(request_of_ed, by=ada.actor, version=1)
    revise(request_of_ed, edits=[edit(checkout, guarded, 20)], by=ed.actor, version=1)
    with pytest.raises(ApprovalRequired):
        publish_change_request(request_of_ed, by=ed.actor, version=2)
    approve(request_of_ed, by=ada.actor, version=2)
    publish_change_request(request_of_ed, by=ed.actor, version=2)
    assert state_of(checkout, guarded).rollout_percentage == 20


def test_an_approval_of_what_was_seen_is_no_approval_of_what_it_has_become(
    ada: Person, ed: Person, request_of_ed: ChangeRequest, checkout: Flag, guarded: Environment
) -> None:
    revise(request_of_ed, edits=[edit(checkout, guarded, 20)], by=ed.actor, version=1)
    with pytest.raises(StaleVersion):
        approve(request_of_ed, by=ada.actor, version=1)


def test_what_was_made_on_an_older_version_is_not_approved(
    ada: Person, request_of_ed: ChangeRequest, checkout: Flag, guarded: Environment
) -> None:
    set_fields(checkout, guarded, rollout_percentage=50)
    with pytest.raises(StaleVersion):
        approve(request_of_ed, by=ada.actor, version=1)


def test_an_approval_ends_with_the_role_of_who_gave_it(
    ed: Person, ada: Person, sam: Person, shop: Project, request_of_ed: ChangeRequest
) -> None:
    approve(request_of_ed, by=ada.actor, version=1)
    withdraw_role(user=ada.user, project=shop, by=sam.actor)
    with pytest.raises(ApprovalRequired):
        publish_change_request(request_of_ed, by=ed.actor, version=1)


def test_scheduling_asks_for_the_approval_at_once(ed: Person, request_of_ed: ChangeRequest) -> None:
    at = clock.now().replace(year=clock.now().year + 1)
    with pytest.raises(ApprovalRequired):
        schedule_change_request(request_of_ed, by=ed.actor, version=1, at=at)


def test_no_other_road_leads_past_the_approval(ed: Person, shop: Project, checkout: Flag, guarded: Environment) -> None:
    create_segment(ed, "staff", included=["a"])
    client = ed.client()
    answers = {
        "flag": client.patch("/flags/checkout?environment=production", {"enabled": False}),
        "variations": client.patch(
            "/flags/checkout",
            {"variations": [{"key": "on", "value": True}, {"key": "off", "value": False}, {"key": "x", "value": True}]},
        ),
        "segment": client.patch("/segments/staff", {"included": ["b"]}),
        "rollout": client.post("/flags/checkout/rollout?environment=production", {"percentage": 5}),
        "new": client.post("/flags?environment=production", boolean("other")),
        "deletion": client.delete("/flags/checkout"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 409)
    assert {answer.json()["code"] for answer in answers.values()} == {"APPROVAL_REQUIRED"}


def test_what_decides_nothing_yet_needs_no_approval(ed: Person, guarded: Environment) -> None:
    create(ed, boolean("other", enabled=False))
    create_segment(ed, "staff", included=["a"])


def test_other_environments_stay_free(ed: Person, checkout: Flag, guarded: Environment) -> None:
    change(ed, "checkout", environment="staging", enabled=True)


def test_in_an_emergency_a_flag_is_turned_off_in_one_step_and_marked(
    ed: Person, shop: Project, checkout: Flag, guarded: Environment
) -> None:
    turn_off_flag(project=shop, environment=guarded, key="checkout", by=ed.actor)
    revision = Revision.objects.filter(environment=guarded).latest("number")
    assert (revision.is_emergency, revision.actor_label) == (True, "ed")
    assert not state_of(checkout, guarded).enabled
    assert isinstance(verified_chain(guarded), Head)


def test_an_emergency_is_a_request_of_its_own_over_rest(
    ed: Person, vi: Person, checkout: Flag, guarded: Environment
) -> None:
    refused = vi.client().post("/flags/checkout/turn-off?environment=production", {})
    assert refused.status_code == 403
    answer = ed.client().post("/flags/checkout/turn-off?environment=production", {"comment": "Orders fail"})
    assert (answer.status_code, answer.json()["enabled"]) == (200, False)
    newest = ed.client().get("/flags/checkout/history?environment=production").json()["results"][0]
    assert (newest["is_emergency"], newest["comment"]) == (True, "Orders fail")


def test_a_protected_environment_wants_to_know_why(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    production.is_protected = True
    production.save()
    silent = ed.client().patch("/flags/checkout?environment=production", {"enabled": False})
    assert (silent.status_code, silent.json()["errors"][0]["path"]) == (400, "comment")
    request = propose(project=shop, edits=[edit(checkout, production, 10)], by=ed.actor)
    with pytest.raises(InvalidInput):
        publish_change_request(request, by=ed.actor, version=1, comment="  ")
    publish_change_request(request, by=ed.actor, version=1, comment="A tenth")


def test_only_people_who_may_edit_approve(
    vi: Person, make_person: Callable[..., Person], shop: Project, request_of_ed: ChangeRequest
) -> None:
    second = make_person("eve", role=Role.EDITOR, project=shop)
    answers = []
    for person in (vi, second):
        try:
            answers.append(approve(request_of_ed, by=person.actor, version=1).label)
        except Exception as refusal:  # noqa: BLE001 - the name is what is compared
            answers.append(type(refusal).__name__)
    assert answers == ["MissingRole", "eve"]
