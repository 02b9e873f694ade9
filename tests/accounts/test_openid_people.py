"""People who are created when an OpenID provider vouches for them, and the roles that their groups give."""

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts.claims import roles_of_values
from accounts.models import Project, User
from accounts.permissions import role_of
from accounts.roles import Role
from tests.accounts.openid_browser import Provider, is_in
from tests.conftest import Person

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


def test_an_inactive_person_is_not_created_anew(creating: Provider, vi_at_example: Person) -> None:
    vi_at_example.user.is_active = False
    vi_at_example.user.save()
    before = User.objects.count()
    creating.expects("sub-vi", "vi@example.com")
    creating.sign_in()
    assert User.objects.count() == before
