"""Inviting people: who may, what the link does and does not, who comes by it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import mail
from django.test import Client
from guardian.shortcuts import assign_perm
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.errors import MissingRole, ProjectNotFound
from accounts.models import Invitation, Project, User
from accounts.permissions import role_of
from accounts.roles import Role
from accounts.services import create_project, grant_role, invite, update_user, withdraw_role
from flagsite.lib import clock
from flagsite.lib.problems import NotAllowed
from tests.accounts.authenticator_app import sign_in, signed_in_desk
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, messages_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

PASSWORD = "a long and winding road"
NEWCOMER = {"username": "zoe", "first_name": "Zoe", "password1": PASSWORD, "password2": PASSWORD}


def link_in(answer: Any) -> str:
    """The path of the link that a page shows."""
    (found,) = re.findall(r"http://testserver(/admin/invitation/[^<]+)<", " ".join(messages_in(answer)))
    return str(found)


def invited(by: Person, project: Project, role: str = "editor", email: str = "zoe@example.com") -> str:
    """Invite somebody as a person would; return the path of the link."""
    desk = Desk(by)
    answer = desk.add("accounts_invitation", email=email, **{f"role_{project.pk}": role})
    assert answer.status_code == 302, errors_in(answer)
    return link_in(desk.client.get(answer.headers["Location"]))


def accept(link: str, client: Client | None = None, **changes: str) -> Any:
    return (client or Client()).post(link, {**NEWCOMER, **changes})


# --- inviting ------------------------------------------------------------------------------------------------------


def test_somebody_is_invited_and_comes_with_the_role(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    page = Client().get(link).content.decode()
    assert "ada invites zoe@example.com" in page
    assert "<b>Shop</b> as editor: see the project" in page
    answer = accept(link)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert answer.client.get("/admin/flags/flag/").status_code == 200, "signed in at once"
    zoe = User.objects.get(username="zoe")
    assert (zoe.email, zoe.is_staff, zoe.is_superuser, role_of(zoe, shop)) == (
        "zoe@example.com",
        True,
        False,
        Role.EDITOR,
    )
    assert sign_in("zoe", PASSWORD).status_code == 302


def test_the_link_is_shown_once_and_stored_nowhere(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    token = link.rstrip("/").rpartition("/")[2]
    invitation = Invitation.objects.get()
    assert token not in Desk(ada).open(invitation).content.decode()
    for model in (Invitation, LogEntry):
        assert token not in str(list(model.objects.values_list()))


def test_an_invitation_is_written_down_from_beginning_to_end(ada: Person, shop: Project) -> None:
    accept(invited(ada, shop))
    about = LogEntry.objects.filter(content_type__model="invitation").order_by("pk")
    assert [(entry.additional_data["actor"], entry.changes) for entry in about] == [
        ("ada", {"email": [None, "zoe@example.com"], "role": [None, "editor"]}),
        ("invitation by ada", {"state": ["open", "accepted"], "accepted_by": [None, "zoe"]}),
    ]
    granted = LogEntry.objects.get(object_repr="zoe", changes__has_key="role")
    assert (granted.additional_data["actor"], granted.additional_data["project"]) == ("invitation by ada", "shop")
    assert granted.remote_addr == "127.0.0.1"


def test_one_invites_into_the_projects_that_one_manages_and_no_other(ada: Person, otto: Person, shop: Project) -> None:
    elsewhere = Project.objects.get(key="elsewhere")
    desk = Desk(ada)
    assert "Elsewhere" not in desk.get("accounts_invitation_add").content.decode()
    with nothing_changes():
        desk.add("accounts_invitation", email="zoe@example.com", **{f"role_{elsewhere.pk}": "viewer"})
    with pytest.raises(ProjectNotFound):
        invite(email="zoe@example.com", roles={elsewhere: Role.VIEWER}, by=ada.actor)


@pytest.mark.parametrize("name", ["ed", "vi"])
def test_others_see_invitations_and_make_none(
    name: str, ada: Person, shop: Project, request: pytest.FixtureRequest
) -> None:
    invited(ada, shop)
    person: Person = request.getfixturevalue(name)
    desk, row = Desk(person), Invitation.objects.get()
    assert "zoe@example.com" in desk.get("accounts_invitation_changelist").content.decode()
    page = desk.open(row).content.decode()
    assert ("Withdraw" in page, "What a role may do" in page) == (False, True)
    with nothing_changes():
        assert desk.get("accounts_invitation_add").status_code == 403
        for forged in ("renew", "withdraw"):
            assert desk.post(f"accounts_invitation_{forged}", row.pk).status_code == 403
    with pytest.raises(MissingRole):
        invite(email="new@example.com", roles={shop: Role.VIEWER}, by=person.actor)


def test_people_of_other_projects_see_nothing_of_it(ada: Person, otto: Person, shop: Project) -> None:
    invited(ada, shop)
    row = Invitation.objects.get()
    desk = Desk(otto)
    assert desk.rows("accounts_invitation") == []
    assert desk.post("accounts_invitation_withdraw", row.pk).status_code == 404


def test_nobody_grants_more_than_they_have(vi: Person, nina: Person, shop: Project) -> None:
    assign_perm("change_project", vi.user, shop)  # manages people, without editing flags
    with nothing_changes():
        with pytest.raises(MissingRole, match="less than the role editor"):
            invite(email="zoe@example.com", roles={shop: Role.EDITOR}, by=vi.actor)
        with pytest.raises(MissingRole, match="less than the role admin"):
            grant_role(user=nina.user, role=Role.ADMIN, project=shop, by=vi.actor)
    invite(email="zoe@example.com", roles={shop: Role.VIEWER}, by=vi.actor)


def test_an_invitation_takes_an_address_and_a_role(ada: Person, vi: Person, shop: Project) -> None:
    update_user(vi.user, fields={"email": "vi@example.com"}, by=SYSTEM)
    desk, role = Desk(ada), f"role_{shop.pk}"
    with nothing_changes():
        assert "email" in errors_in(desk.add("accounts_invitation", email="nonsense", **{role: "viewer"}))
        assert "__all__" in errors_in(desk.add("accounts_invitation", email="zoe@example.com", **{role: ""}))
        answer = desk.add("accounts_invitation", email="VI@example.com", **{role: "viewer"})
    assert "`vi` is here already" in errors_in(answer)["email"][0]


# --- the link ------------------------------------------------------------------------------------------------------


def refused(link: str) -> bool:
    answers = [Client().get(link), accept(link, username="mallory")]
    return [answer.status_code for answer in answers] == [404, 404] and not User.objects.filter(username="mallory")


def test_a_link_works_once(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    accept(link)
    assert refused(link)


def test_a_link_that_is_too_old_works_no_more_and_a_new_one_does(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert refused(link)
    row = Invitation.objects.get()
    desk = Desk(ada)
    answer = desk.post("accounts_invitation_renew", row.pk)
    new = link_in(desk.client.get(answer.headers["Location"]))
    assert refused(link)
    assert accept(new).status_code == 302


def test_a_withdrawn_link_works_no_more(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    desk, row = Desk(ada), Invitation.objects.get()
    assert desk.post("accounts_invitation_withdraw", row.pk).status_code == 302
    assert refused(link)
    with nothing_changes():
        desk.post("accounts_invitation_withdraw", row.pk)
        answer = desk.post("accounts_invitation_renew", row.pk)
    assert "was withdrawn" in " ".join(messages_in(desk.client.get(answer.headers["Location"])))


def test_a_link_that_was_not_made_here_leads_nowhere(ada: Person, shop: Project) -> None:
    link = invited(ada, shop).rstrip("/")
    nonce = Invitation.objects.get().nonce
    for forged in (f"{link}x/", f"/admin/invitation/1.{nonce}/", "/admin/invitation/x/", "/admin/invitation/a:b:c/"):
        assert refused(forged)


def test_whoever_may_not_invite_any_more_has_invited_nobody(ada: Person, shop: Project) -> None:
    link = invited(ada, shop)
    withdraw_role(user=ada.user, project=shop, by=SYSTEM)
    answer = accept(link)
    assert (answer.status_code, User.objects.filter(username="zoe").exists()) == (403, False)
    assert "may not give the role editor in Shop any more" in answer.content.decode()


def test_a_weak_password_and_a_taken_name_are_refused(ada: Person, vi: Person, shop: Project) -> None:
    link = invited(ada, shop)
    assert "password2" in accept(link, password1="12345", password2="12345").context["form"].errors
    assert "username" in accept(link, username="vi").context["form"].errors
    assert Invitation.objects.get().accepted_at is None


def test_a_forged_field_gives_nobody_more(ada: Person, shop: Project) -> None:
    accept(invited(ada, shop, role="viewer"), is_superuser="on", is_staff="on", email="boss@example.com", role="admin")
    zoe = User.objects.get(username="zoe")
    assert (zoe.is_superuser, zoe.email, role_of(zoe, shop)) == (False, "zoe@example.com", Role.VIEWER)


# --- who is here already -------------------------------------------------------------------------------------------


@pytest.fixture
def late_vi(vi: Person, ada: Person, sam: Person, shop: Project) -> tuple[Person, str, Project]:
    """Vi, who was invited to a blog under an address that became hers afterwards."""
    blog = create_project(key="blog", name="Blog", by=sam.actor)
    link = invited(sam, blog, email="vi@example.com")
    update_user(vi.user, fields={"email": "vi@example.com"}, by=SYSTEM)
    return vi, link, blog


def test_whoever_is_here_already_signs_in_to_accept(late_vi: tuple[Person, str, Project]) -> None:
    vi, link, blog = late_vi
    page = Client().get(link).content.decode()
    assert "You are here already, as vi" in page
    assert accept(link).status_code == 200, "the link alone gives nothing"
    assert role_of(vi.user, blog) is None
    client = signed_in_desk("vi").client
    assert "Accept as vi" in client.get(link).content.decode()
    assert client.post(link).status_code == 302
    assert role_of(vi.user, blog) is Role.EDITOR


def test_somebody_else_who_is_signed_in_does_not_accept(late_vi: tuple[Person, str, Project], ed: Person) -> None:
    _, link, blog = late_vi
    desk = Desk(ed)
    assert "whose address is another one" in desk.client.get(link).content.decode()
    assert desk.client.post(link).status_code == 403
    assert role_of(ed.user, blog) is None


def test_a_stronger_role_stays(late_vi: tuple[Person, str, Project]) -> None:
    vi, link, blog = late_vi
    grant_role(user=vi.user, role=Role.ADMIN, project=blog, by=SYSTEM)
    assert Desk(vi).client.post(link).status_code == 302
    assert role_of(vi.user, blog) is Role.ADMIN


# --- by e-mail -----------------------------------------------------------------------------------------------------


def test_where_mail_can_be_sent_the_link_is(
    ada: Person, shop: Project, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    with django_capture_on_commit_callbacks(execute=True):
        link = invited(ada, shop)
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["zoe@example.com"], "ada invites you to Flagsite")
    assert f"http://testserver{link}" in message.body
    assert "- Shop: editor" in message.body


@pytest.mark.django_db(transaction=True)
def test_where_the_mail_server_is_away_the_invitation_stands_and_the_page_says_so(
    ada: Person,
    shop: Project,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    settings.EMAIL_HOST = "mail.example.com"
    monkeypatch.setattr("accounts.mail.send_mail", away)
    desk = Desk(ada)
    answer = desk.add("accounts_invitation", email="zoe@example.com", **{f"role_{shop.pk}": "viewer"})
    shown = desk.client.get(answer.headers["Location"])
    assert "hand the link over yourself" in " ".join(messages_in(shown))
    assert accept(link_in(shown)).status_code == 302


def test_where_no_mail_can_be_sent_none_is(ada: Person, shop: Project) -> None:
    invited(ada, shop)
    assert mail.outbox == []


def test_the_installation_itself_invites_nobody(shop: Project) -> None:
    with pytest.raises(NotAllowed):
        invite(email="zoe@example.com", roles={shop: Role.VIEWER}, by=SYSTEM)
