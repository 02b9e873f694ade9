"""Projects, people and invitations over REST: who sees what, who has which role, who is asked to come."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Invitation, Project
from accounts.permissions import role_of
from accounts.roles import Role
from flagsite.lib import clock
from tests.conftest import Person
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def results(person: Person, path: str) -> Any:
    answer = person.client().get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_everybody_sees_their_projects_with_their_role(
    ada: Person, ed: Person, nina: Person, sam: Person, otto: Person
) -> None:
    def seen(person: Person) -> dict[str, str]:
        return {each["key"]: each["role"] for each in results(person, "/projects")}

    assert (seen(ada), seen(ed), seen(nina)) == ({"shop": "admin"}, {"shop": "editor"}, {})
    assert seen(sam) == {"elsewhere": "admin", "shop": "admin"}
    assert_problem(ada.client().get("/projects/elsewhere"), 404, "PROJECT_NOT_FOUND")


def test_a_project_is_changed_field_by_field(ada: Person, shop: Project) -> None:
    changed = ada.client().patch("/projects/shop", {"recorded_attributes": ["country"], "hash_context_ids": True})
    assert (changed.json()["name"], changed.json()["recorded_attributes"]) == ("Shop", ["country"])
    assert ada.client().patch("/projects/shop", {"name": "Store"}).json()["hash_context_ids"] is True
    with nothing_changes():
        for body, place in (
            ({"name": ""}, "name"),
            ({"recorded_attributes": ["id"]}, "recorded_attributes[0]"),
            ({"recorded_attributes": "country"}, "recorded_attributes"),
            ({"key": "other"}, "key"),
        ):
            assert_problem(ada.client().patch("/projects/shop", body), 400, "INVALID", place)


def test_a_superuser_creates_a_project_and_is_its_admin(sam: Person, shop: Project) -> None:
    created = sam.client().post("/projects", {"key": "app", "name": "App"})
    assert (created.status_code, created.json()["role"]) == (201, "admin")
    assert_problem(sam.client().post("/projects", {"key": "shop", "name": "Again"}), 409, "KEY_TAKEN")
    assert_problem(sam.client().post("/projects", {"key": "No key", "name": "x"}), 400, "INVALID", "key")


def test_roles_are_read_by_all_and_given_and_taken_by_who_manages(
    ada: Person, ed: Person, vi: Person, nina: Person, shop: Project
) -> None:
    assert {each["username"]: each["role"] for each in results(vi, "/people")} == {
        "ada": "admin",
        "ed": "editor",
        "vi": "viewer",
    }
    given = ada.client().put("/people/nina/role", {"role": "editor"})
    assert (given.status_code, given.json()["role"], given.json()["through_groups"]) == (200, "editor", [])
    assert role_of(nina.user, shop) is Role.EDITOR
    assert ada.client().put("/people/nina/role", {"role": "viewer"}).json()["role"] == "viewer"
    assert ada.client().delete("/people/nina/role").status_code == 204
    assert role_of(nina.user, shop) is None
    with nothing_changes():
        assert_problem(ed.client().put("/people/ed/role", {"role": "admin"}), 403, "MISSING_ROLE")
        assert_problem(ada.client().put("/people/nobody/role", {"role": "viewer"}), 404, "PERSON_NOT_FOUND")
        assert_problem(ed.client().put("/people/nobody/role", {"role": "viewer"}), 403, "MISSING_ROLE")
        assert_problem(ada.client().put("/people/nina/role", {"role": "owner"}), 400, "INVALID", "role")


def test_the_list_of_people_costs_the_same_for_few_and_for_many(ada: Person, make_person: Any, shop: Project) -> None:
    results(ada, "/people")  # the first request of a minute notes that the token was used
    costs = []
    for number in (2, 5):
        for each in range(number):
            make_person(f"viewer-{number}-{each}", role=Role.VIEWER, project=shop)
        with CaptureQueriesContext(connection) as captured:
            results(ada, "/people")
        costs.append(len(captured))
    assert costs[0] == costs[1]
    assert [each["username"] for each in results(ada, "/people?page_size=1")] == ["ada"]


def test_somebody_is_invited_by_a_link_that_works_and_is_shown_once(
    ada: Person, ed: Person, otto: Person, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.shop.example"
    settings.PUBLIC_URL = "https://flags.shop.example"
    invited = ada.client().post("/invitations", {"email": "new@shop.example", "role": "editor"}).json()
    assert (invited["status"], invited["role"], invited["sent"], len(mail.outbox)) == ("open", "editor", True, 1)
    assert invited["link"].startswith("https://flags.shop.example/admin/")
    path = invited["link"].removeprefix("https://flags.shop.example")
    assert Client().get(path).status_code == 200
    (listed,) = results(ada, "/invitations")
    assert "link" not in listed
    renewed = ada.client().post(f"/invitations/{invited['id']}/renew").json()
    assert renewed["link"] != invited["link"]
    assert "choose" not in Client().get(path).content.decode().lower()
    with nothing_changes():
        assert_problem(ed.client().get("/invitations"), 403, "MISSING_ROLE")
        renewal = otto.client().post(f"/invitations/{invited['id']}/renew")
        assert_problem(renewal, 404, "INVITATION_NOT_FOUND")
        for body, place in (({"email": "x"}, "email"), ({"role": "owner"}, "role"), ({"roles": {}}, "roles")):
            whole = {"email": "other@shop.example", "role": "viewer", **body}
            assert_problem(ada.client().post("/invitations", whole), 400, "INVALID", place)
    taken = ada.client().post(f"/invitations/{invited['id']}/withdraw").json()
    assert taken["status"] == "withdrawn"
    assert_problem(ada.client().post(f"/invitations/{invited['id']}/renew"), 409, "CONFLICT")


def test_without_a_mail_server_the_link_is_only_shown(ada: Person) -> None:
    invited = ada.client().post("/invitations", {"email": "new@shop.example", "role": "viewer"}).json()
    assert (invited["sent"], len(mail.outbox)) == (False, 0)
    assert invited["link"].startswith("http://testserver/admin/")
    Invitation.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert results(ada, "/invitations")[0]["status"] == "expired"
