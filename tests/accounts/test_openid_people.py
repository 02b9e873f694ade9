"""People who are created when an OpenID provider vouches for them, and the roles that their groups give."""

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts.claims import roles_of_values
from accounts.models import Invitation, Project, User
from accounts.permissions import role_of
from accounts.roles import Role
from accounts.services import accept_as_new_person, create_project, invite, issue_api_token, withdraw_role
from tests.accounts.authenticator_app import PASSWORD, set_up, sign_in, signed_in_desk
from tests.accounts.openid_browser import Provider, is_in
from tests.conftest import SYSTEM, Person, client_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def creating(settings: Settings, shop: Project, provider: Provider) -> Provider:
    """The provider, whose people are created; some of its groups have roles here."""
    settings.OIDC_CREATE_PEOPLE = True
    settings.OIDC_ROLES = roles_of_values(["staff=shop:viewer", "flag-team=shop:editor", "staff=nowhere:admin"])
    return provider


def test_a_stranger_is_created_with_the_roles_of_their_groups(creating: Provider, shop: Project) -> None:
    said = {"preferred_username": "zoe", "given_name": "Zoe", "groups": ["staff", "flag-team", "others"]}
    creating.expects("sub-zoe", "zoe@example.com", claims=said)
    client = creating.sign_in().client
    assert is_in(client)
    zoe = User.objects.get(username="zoe")
    assert (zoe.email, zoe.first_name, zoe.is_superuser, zoe.has_usable_password()) == (
        "zoe@example.com",
        "Zoe",
        False,
        False,
    )
    assert role_of(zoe, shop) is Role.EDITOR
    created = LogEntry.objects.get(object_repr="zoe", action=LogEntry.Action.CREATE)
    assert (created.additional_data["actor"], created.actor) == ("Example ID", None)


def test_a_stranger_without_groups_is_created_without_roles(creating: Provider, shop: Project) -> None:
    creating.expects("sub-zoe", "zoe@example.com")
    creating.sign_in()
    assert role_of(User.objects.get(username="zoe"), shop) is None


def test_roles_are_given_once(creating: Provider, shop: Project) -> None:
    creating.expects("sub-zoe", "zoe@example.com", claims={"groups": ["staff"]})
    creating.sign_in()
    creating.expects("sub-zoe", "zoe@example.com", claims={"groups": ["flag-team"]})
    creating.sign_in()
    assert role_of(User.objects.get(username="zoe"), shop) is Role.VIEWER


def test_a_name_that_is_taken_or_odd_becomes_another(creating: Provider, vi: Person) -> None:
    for number, wanted in enumerate(("vi", "Vi", "zoe q/../")):
        creating.expects(f"sub-{number}", f"person{number}@example.com", claims={"preferred_username": wanted})
        creating.sign_in()
    assert {"vi-2", "Vi", "zoe-q-..-"} <= set(User.objects.values_list("username", flat=True))


def test_an_invited_stranger_is_let_in_with_the_roles_of_all_invitations(
    provider: Provider, ada: Person, sam: Person, shop: Project
) -> None:
    blog = create_project(key="blog", name="Blog", by=sam.actor)
    invite(email="Zoe@example.com", roles={shop: Role.EDITOR}, by=ada.actor)
    invite(email="zoe@example.com", roles={blog: Role.VIEWER}, by=sam.actor)
    provider.expects("sub-zoe", "zoe@example.com", claims={"preferred_username": "zoe"})
    assert is_in(provider.sign_in().client)
    zoe = User.objects.get(username="zoe")
    assert (role_of(zoe, shop), role_of(zoe, blog), zoe.has_usable_password()) == (Role.EDITOR, Role.VIEWER, False)
    assert not Invitation.objects.filter(accepted_at=None)


def test_an_invitation_by_somebody_who_may_not_invite_any_more_lets_nobody_in(
    provider: Provider, ada: Person, shop: Project
) -> None:
    invite(email="zoe@example.com", roles={shop: Role.EDITOR}, by=ada.actor)
    withdraw_role(user=ada.user, project=shop, by=SYSTEM)
    provider.expects("sub-zoe", "zoe@example.com")
    assert provider.sign_in().status_code == 403
    assert not User.objects.filter(email="zoe@example.com").exists()


def test_whoever_proves_an_address_takes_over_what_somebody_made_of_their_invitation(
    provider: Provider, ada: Person, shop: Project
) -> None:
    invitation, _ = invite(email="zoe@example.com", roles={shop: Role.EDITOR}, by=ada.actor)
    mallory = accept_as_new_person(invitation, username="zoe", password=PASSWORD, address=None)
    _, token = issue_api_token(user=mallory, name="mine", by=SYSTEM)
    desk = signed_in_desk("zoe")
    set_up(desk)
    provider.expects("sub-zoe", "zoe@example.com")
    assert is_in(provider.sign_in().client), "no second factor of somebody else's is asked for"
    assert not is_in(desk.client), "signed out by the change of the password"
    assert sign_in("zoe").status_code == 200, "the password opens nothing any more"
    assert client_with(token).get("/flags").status_code == 401
    written = LogEntry.objects.get(changes__has_key="openid_connect")
    assert written.changes["password"] == ["kept", "wiped"]


def test_an_inactive_person_is_not_created_anew(creating: Provider, vi_at_example: Person) -> None:
    vi_at_example.user.is_active = False
    vi_at_example.user.save()
    before = User.objects.count()
    creating.expects("sub-vi", "vi@example.com")
    creating.sign_in()
    assert User.objects.count() == before
