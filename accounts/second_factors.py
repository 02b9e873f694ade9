"""Who has a second factor, and who must have one."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.permissions import Access
from accounts.roles import Ability

MEANT = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Second factors; recovery codes stand in for one, and are none by themselves."""


def has_second_factor(user: User) -> bool:
    """Tell whether the person is asked for a second factor when they sign in."""
    return bool(get_adapter().is_mfa_enabled(user, MEANT))


def lacks_second_factor(access: Access) -> bool:
    """Tell whether the person may change something and has to set up a second factor first."""
    return settings.REQUIRE_SECOND_FACTOR and access.may(Ability.EDIT) and not has_second_factor(access.user)


def with_second_factor(people: QuerySet[User]) -> QuerySet[Any]:
    """Return the people with `asked_for_code`: whether they are asked for a second factor."""
    return people.annotate(asked_for_code=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=MEANT)))


def factors_of(user: User) -> QuerySet[Any]:
    """Return the rows of the person's factors, recovery codes among them."""
    rows: QuerySet[Any] = Authenticator.objects.filter(user=user)
    return rows
