"""Whether somebody whom an OpenID provider vouches for is let in, and as whom."""

import re
from typing import Final, TypedDict

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.actors import Actor, Source
from accounts.audit import Action, record
from accounts.claims import Claims, roles_for
from accounts.models import Invitation, Project, User
from accounts.querysets import open_invitations_to
from accounts.second_factors import factors_of
from accounts.services.invitations import accept_as, accept_as_new_person
from accounts.services.keys import revoke_key
from accounts.services.people import create_user
from accounts.services.roles import grant_role
from flagsite.lib.problems import NotAllowed

log = structlog.get_logger(__name__)


class Names(TypedDict):
    """What somebody is called, beside the name with which they sign in."""

    first_name: str
    last_name: str


MAX_NAME: Final = 150
UNUSUAL: Final = re.compile(r"[^\w.@+-]")
"""What Django's validator of names refuses."""


@transaction.atomic
def let_in(claims: Claims, *, known: User | None, address: str | None) -> User:
    """Return the person that the claims are about; it may be one who is created now.

    Args:
        claims: what the provider says; only an address that it has verified tells who somebody is.
        known: the person whose account with the provider this is, when they have come before.
        address: from where they come.

    Raises:
        NotAllowed: when nobody here is meant, or somebody who may not sign in, and nobody is to be created.
    """
    if known is None:
        if not claims.email or not claims.verified:
            raise NotAllowed(f"{settings.OIDC_NAME} does not say that your e-mail address is verified.")
        known = _person_with(claims.email) or _invited_person(claims, address) or _new_person(claims, address)
        if known.is_active:
            _prove_address(known, address)
            for invitation in open_invitations_to(claims.email):
                _accept_too(known, invitation, address)
    if not known.is_active:
        raise NotAllowed(f"{known} may not sign in any more.")
    return known


def _person_with(email: str) -> User | None:
    people = list(User.objects.filter(email__iexact=email)[:2])
    if len(people) > 1:
        raise NotAllowed(f"Several people here have the address {email}; a superuser can change that.")
    return people[0] if people else None


def _new_person(claims: Claims, address: str | None) -> User:
    if not settings.OIDC_CREATE_PEOPLE:
        raise NotAllowed(f"Nobody here has the address {claims.email}. Ask a project's admin for an invitation.")
    by = Actor(user=None, source=Source.ADMIN, label=settings.OIDC_NAME, address=address)
    person = create_user(
        username=_free_name(claims),
        password=None,
        email=claims.email,
        by=by,
        **_names(claims),
    )
    for key, role in sorted(roles_for(claims, settings.OIDC_ROLES).items()):
        project = Project.objects.filter(key=key).first()
        if project is None:
            log.warning("oidc_role_without_project", project=key)
        else:
            grant_role(user=person, role=role, project=project, by=by)
    return person


def _names(claims: Claims) -> Names:
    return {"first_name": claims.first_name[:MAX_NAME], "last_name": claims.last_name[:MAX_NAME]}


def _free_name(claims: Claims) -> str:
    wanted = UNUSUAL.sub("-", claims.name or claims.email.partition("@")[0])[: MAX_NAME - 10] or "person"
    taken = set(User.objects.filter(username__istartswith=wanted).values_list("username", flat=True))
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _invited_person(claims: Claims, address: str | None) -> User | None:
    """Return somebody who is created because they are invited; of an invitation that cannot be accepted, nothing."""
    for invitation in open_invitations_to(claims.email):
        try:
            return accept_as_new_person(
                invitation, username=_free_name(claims), password=None, address=address, **_names(claims)
            )
        except NotAllowed as refusal:
            log.warning("invitation_void", reason=refusal.detail)
    return None


def _accept_too(person: User, invitation: Invitation, address: str | None) -> None:
    try:
        accept_as(person, invitation, address=address)
    except NotAllowed as refusal:
        log.warning("invitation_void", reason=refusal.detail)


def _prove_address(person: User, address: str | None) -> None:
    """Write down that the person's account with the provider is theirs here too.

    Whoever opened an invitation's link has chosen a password without proving the address. Now that somebody proves it,
    that password, its second factor and its tokens open nothing any more: it may have been somebody else.
    """
    by = Actor.person(person, source=Source.ADMIN, address=address)
    unproved = "kept"
    if EmailAddress.objects.filter(user=person, verified=False).update(verified=True):
        person.set_unusable_password()
        person.save(update_fields=["password"])
        factors_of(person).delete()
        for token in person.api_tokens.filter(revoked_at=None):
            revoke_key(token, by=by)
        unproved = "wiped"
    old = {"openid_connect": None, "password": "kept"}
    new = {"openid_connect": "linked", "password": unproved}
    record(Action.UPDATE, person, by=by, project=None, old=old, new=new)
