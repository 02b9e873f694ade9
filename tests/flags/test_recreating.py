"""A deleted flag comes back as it was: over REST, by a change request, and in the admin."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.models import ChangeRequest, Flag, RevisionItem
from flags.services import approve, delete_flag, open_environment, publish_change_request
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in
from tests.flags.builders import PRODUCTION, boolean, change, create, create_segment, decide, rule, texts
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

RECREATE = f"/flags/banner/recreate{PRODUCTION}"
ENVIRONMENTS = ("development", "staging", "production")


def banner(**fields: Any) -> dict[str, Any]:
    variations = [{"key": key, "value": key, "name": f"Text {key}"} for key in "abc"]
    about = {"name": "Banner", "description": "On top", "tags": ["top", "web"], "owner": "ed", "variations": variations}
    return texts("banner", fallthrough={"variation": "b"}, rollout_percentage=30, salt="old", **about | fields)


def read(person: Person, environment: str) -> dict[str, Any]:
    found: dict[str, Any] = person.client().get(f"/flags/banner?environment={environment}").json()
    return {name: value for name, value in found.items() if name not in {"version", "created_at", "updated_at"}}


def gone(person: Person, **fields: Any) -> list[dict[str, Any]]:
    """A flag that is on in production and otherwise in staging, as it was in each environment; and deleted."""
    create(person, banner(**fields))
    change(person, "banner", environment="staging", rollout_percentage=70)
    was = [read(person, each) for each in ENVIRONMENTS]
    assert person.client().delete("/flags/banner?comment=Oops").status_code == 204
    return was


def test_everything_comes_back_in_every_environment_and_everybody_falls_where_they_fell(
    ed: Person, sdk: APIClient
) -> None:
    create(ed, banner())
    fell = [decide(sdk, "banner", id=f"user-{number}")["variation"] for number in range(20)]
    assert ed.client().delete("/flags/banner").status_code == 204
    was = gone(ed)
    answer = ed.client().post(RECREATE, {"comment": "We need it"})
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert [read(ed, each) for each in ENVIRONMENTS] == was
    assert (was[0]["tags"], was[0]["owner"], was[0]["variations"][0]["name"]) == (["top", "web"], "ed", "Text a")
    assert [decide(sdk, "banner", id=f"user-{number}")["variation"] for number in range(20)] == fell
    newest = ed.client().get(f"/flags/banner/history{PRODUCTION}").json()["results"][0]
    assert (newest["comment"], newest["actor"]) == ("We need it", "ed")


def test_the_key_has_to_be_free_and_there_has_to_have_been_such_a_flag(ed: Person, vi: Person) -> None:
    gone(ed)
    create(ed, boolean("banner"))
    with nothing_changes():
        assert_problem(ed.client().post(RECREATE, {}), 409, "KEY_TAKEN")
        assert_problem(ed.client().post(f"/flags/nothing/recreate{PRODUCTION}", {}), 404, "FLAG_NOT_FOUND")
        assert_problem(vi.client().post(RECREATE, {}), 403, "MISSING_ROLE")


def test_what_cannot_come_back_is_refused_with_its_place(ed: Person) -> None:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean("login"))
    needs = [{"flag": "login", "variation": "on"}]
    gone(ed, rules=[rule({"segment": "beta"}, "a")], prerequisites=needs)
    assert ed.client().delete("/segments/beta").status_code == 204
    assert ed.client().delete("/flags/login").status_code == 204
    places = ("states[production].rules", "states[production].prerequisites[0].flag")
    with nothing_changes():
        assert_problem(ed.client().post(RECREATE, {}), 400, "INVALID", *places)


def test_an_environment_that_was_opened_since_starts_disabled(ed: Person, shop: Project) -> None:
    gone(ed)
    open_environment(project=shop, key="qa", name="QA", by=SYSTEM)
    assert ed.client().post(RECREATE, {}).status_code == 201
    opened = read(ed, "qa")
    assert (opened["enabled"], opened["salt"]) == (False, "old")


def test_who_owned_it_and_has_left_does_not_keep_it_away(ed: Person, ada: Person) -> None:
    gone(ed)
    ed.user.is_active = False
    ed.user.save()
    assert ada.client().post(RECREATE, {}).json()["owner"] == ""


def test_where_an_approval_is_asked_for_it_takes_that_road(
    ed: Person, ada: Person, shop: Project, production: Environment
) -> None:
    was = gone(ed)
    production.requires_approval = True
    production.save(update_fields=["requires_approval"])
    assert_problem(ed.client().post(RECREATE, {}), 409, "APPROVAL_REQUIRED")
    sent = ed.client().post("/change-requests", {"edits": [{"flag": "banner", "recreate": True}]})
    assert sent.status_code == 201, sent.json()
    assert (sent.json()["title"], sent.json()["needs_approval_in"]) == ("Recreate the flag banner", ["production"])
    assert sent.json()["edits"] == [{"flag": "banner", "recreate": True}]
    request = ChangeRequest.objects.get(pk=sent.json()["id"])
    approve(request, by=ada.actor, version=1)
    publish_change_request(request, by=ed.actor, version=1)
    assert [read(ed, each) for each in ENVIRONMENTS] == was


def test_the_admin_offers_it_on_the_history_and_on_the_revision(ed: Person, vi: Person) -> None:
    was = gone(ed)
    deletion = RevisionItem.objects.filter(key="banner").latest("pk")
    about = {"project": "shop", "kind": "flag", "key": "banner"}
    pages = [("flags_revision_timeline", (), about), ("flags_revision_item", (deletion.pk,), {})]
    for name, places, query in pages:
        seen = Desk(ed).get(name, *places, **query).content.decode()
        assert "Review the recreation of banner" in seen
        assert "restore, decide" not in seen
        hidden = Desk(vi).get(name, *places, **query).content.decode()
        assert "The flag was deleted" in hidden
        assert "Review the recreation" not in hidden
    desk = Desk(ed)
    review = desk.review(desk.post("flags_revision_recreate", deletion.pk, comment="Back"))
    assert {told.key for told in review.context["review"].told} == {"banner"}
    request = ChangeRequest.objects.get()
    assert (request.comment, Flag.objects.filter(key="banner").exists()) == ("Back", False)
    publish_change_request(request, by=ed.actor, version=1)
    assert [read(ed, each) for each in ENVIRONMENTS] == was
    again = desk.post("flags_revision_recreate", deletion.pk)
    assert "has a flag `banner` again" in " ".join(messages_in(desk.client.get(again.headers["Location"])))


def test_before_restoring_the_page_says_that_variations_stay(ed: Person, shop: Project) -> None:
    create(ed, banner())
    first = RevisionItem.objects.filter(key="banner", environment__key="production").latest("pk")
    words = "Variations were others then, and do not come back"
    assert words not in Desk(ed).get("flags_revision_item", first.pk).content.decode()
    change(ed, "banner", variations=[{"key": key, "value": f"New {key}"} for key in "abc"])
    assert words in Desk(ed).get("flags_revision_item", first.pk).content.decode()
    delete_flag(project=shop, environment=first.environment, key="banner", by=SYSTEM)
    assert words not in Desk(ed).get("flags_revision_item", first.pk).content.decode()
