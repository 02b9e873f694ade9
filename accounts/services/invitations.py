"""Inviting people: a signed link that expires, works once, and brings roles in projects.

Nobody invites to more than they could grant themselves, and whoever has lost that by the time an invitation is accepted
has invited nobody. Whoever holds the link is let in, but has not proved the address: an OpenID provider that does prove
it takes the account over (`accounts.services.arrivals`).
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.core.validators import validate_email
from django.db import transaction

from accounts.actors import Actor, Source
from accounts.audit import Action, record
from accounts.models import Invitation, Project, User
from accounts.permissions import abilities_of, require
from accounts.roles import ABILITIES, Ability, Role
from accounts.services.people import create_user
from accounts.services.roles import grant_role, require_to_grant
from flagsite.lib import clock
from flagsite.lib.problems import Conflict, InvalidInput, NotAllowed, NotFound, Refusal

SIGNER: Final = Signer(salt="accounts.invitation")


@transaction.atomic
def invite(*, email: str, roles: Mapping[Project, Role], by: Actor) -> tuple[Invitation, str]:
    """Invite somebody and return the invitation with what its link carries, which is not stored.

    Raises:
        ProjectNotFound: when the actor does not see one of the projects.
        MissingRole: when the actor may not give one of the roles.
        InvalidInput: when there is no address or no role, or somebody here has the address already.
    """
    if by.user is None:
        raise NotAllowed("A person invites, so that it is known who.")
    for project, role in roles.items():
        require_to_grant(role, project, by)
    if not roles:
        raise InvalidInput.at("", "Choose a role in one project at least.")
    _check_address(email)
    invitation = Invitation(email=email, invited_by=by.user)
    token = _make_link(invitation)
    for project, role in roles.items():
        invitation.roles.create(project=project, role=role.value)
        record(Action.CREATE, invitation, by=by, project=project, new={"email": email, "role": role.value})
    return invitation, token


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput.at("email", "This is no e-mail address.") from None
    known = User.objects.filter(email__iexact=email).first()
    if known is not None:
        raise InvalidInput.at("email", f"`{known}` is here already: give them a role in the project.")


def _make_link(invitation: Invitation) -> str:
    invitation.nonce = secrets.token_urlsafe(16)
    invitation.expires_at = clock.now() + timedelta(days=settings.INVITATION_DAYS)
    invitation.save()
    return SIGNER.sign(f"{invitation.pk}.{invitation.nonce}")


@transaction.atomic
def renew_invitation(invitation: Invitation, *, by: Actor) -> str:
    """Make a new link and return what it carries; the old one opens nothing any more. The actor invites from now on.

    Raises:
        ProjectNotFound, MissingRole: when the actor may not give what the invitation gives.
        Conflict: when it was accepted or withdrawn.
    """
    if by.user is None:
        raise NotAllowed("A person invites, so that it is known who.")
    present = _locked(invitation)
    for project, role in roles_in(present).items():
        require_to_grant(role, project, by)
    _check_not_over(present)
    present.invited_by = by.user
    token = _make_link(present)
    _record(present, by=by, old={"link": "made"}, new={"link": "made anew"})
    return token


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: Actor) -> None:
    """Make the link useless; withdrawing twice changes nothing.

    Raises:
        ProjectNotFound, MissingRole: when the actor may not manage one of its projects.
        Conflict: when it was accepted.
    """
    present = _locked(invitation)
    for project in roles_in(present):
        require(by, Ability.MANAGE, project)
    if present.withdrawn_at is not None:
        return
    _check_not_over(present)
    present.withdrawn_at = clock.now()
    present.save(update_fields=["withdrawn_at"])
    _record(present, by=by, old={"state": "open"}, new={"state": "withdrawn"})


def invitation_of(token: str) -> Invitation:
    """Return the open invitation whose link carries this.

    Raises:
        NotFound: when it was not made here, or is accepted, withdrawn, expired, or has a newer link.
    """
    refusal = NotFound("This invitation is used, withdrawn or too old. Ask whoever invited you for a new link.")
    try:
        pk, _, nonce = SIGNER.unsign(token).partition(".")
    except BadSignature:
        raise refusal from None
    invitation = Invitation.objects.filter(pk=pk, nonce=nonce).first()
    if invitation is None or not invitation.is_open(clock.now()):
        raise refusal
    return invitation


@transaction.atomic
def accept_as_new_person(
    invitation: Invitation,
    *,
    username: str,
    password: str | None,
    address: str | None,
    first_name: str = "",
    last_name: str = "",
) -> User:
    """Create the invited person with the roles that the invitation gives.

    With a password, the address counts as not proved.

    Raises:
        KeyTaken: when the name is taken.
        Conflict: when the address is taken meanwhile, or the invitation is over.
        NotAllowed: when whoever invited may not give the roles any more.
    """
    present = _locked(invitation)
    if User.objects.filter(email__iexact=present.email).exists():
        raise Conflict(f"Somebody here has the address {present.email} already.")
    by = _on_behalf_of(present, address)
    person = create_user(
        username=username,
        password=password,
        email=present.email,
        first_name=first_name,
        last_name=last_name,
        by=by,
    )
    if password is not None:
        EmailAddress.objects.create(user=person, email=person.email, verified=False, primary=True)
    _accept(present, person, by)
    return person


@transaction.atomic
def accept_as(person: User, invitation: Invitation, *, address: str | None) -> None:
    """Give the roles of the invitation to somebody who is here already and has its address.

    A role that is held already and stronger stays.

    Raises:
        NotAllowed: when the address is another one, or whoever invited may not give the roles any more.
        Conflict: when the invitation is over.
    """
    present = _locked(invitation)
    if person.email.lower() != present.email.lower():
        raise NotAllowed(f"This invitation is for {present.email}.")
    _accept(present, person, _on_behalf_of(present, address))


def _accept(invitation: Invitation, person: User, by: Actor) -> None:
    if not invitation.is_open(clock.now()):
        raise Conflict("This invitation is used, withdrawn or too old.")
    inviter = Actor.person(invitation.invited_by, source=Source.ADMIN)
    for project, role in roles_in(invitation).items():
        try:
            require_to_grant(role, project, inviter)
        except Refusal:
            raise NotAllowed(f"{inviter.label} may not give the role {role} in {project} any more.") from None
        if not ABILITIES[role] <= abilities_of(person, project):
            grant_role(user=person, role=role, project=project, by=by)
    invitation.accepted_at, invitation.accepted_by = clock.now(), person
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    _record(invitation, by=by, old={"state": "open"}, new={"state": "accepted", "accepted_by": person.get_username()})


def roles_in(invitation: Invitation) -> dict[Project, Role]:
    """Return the role that the invitation gives in each project."""
    return {row.project: Role(row.role) for row in invitation.roles.select_related("project")}


def _locked(invitation: Invitation) -> Invitation:
    return Invitation.objects.select_for_update(of=("self",)).select_related("invited_by").get(pk=invitation.pk)


def _check_not_over(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise Conflict("The invitation was accepted; change the person's roles instead.")
    if invitation.withdrawn_at is not None:
        raise Conflict("The invitation was withdrawn; invite anew.")


def _on_behalf_of(invitation: Invitation, address: str | None) -> Actor:
    label = f"invitation by {invitation.invited_by.get_username()}"
    return Actor(user=None, source=Source.ADMIN, label=label, address=address)


def _record(invitation: Invitation, *, by: Actor, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for project in roles_in(invitation):
        record(Action.UPDATE, invitation, by=by, project=project, old=old, new=new)
