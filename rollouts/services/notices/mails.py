"""Creating, changing and deleting e-mail notices."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import Project, User
from accounts.permissions import require
from accounts.querysets import lock_project, people_who_see
from accounts.roles import Ability
from flagsite.lib.problems import InvalidInput
from flagsite.lib.tracing import traced
from rollouts.models import MailNotice
from rollouts.services.notices.receivers import held, keep, relate, remove, set_wishes, wishes

MAX_MAIL_NOTICES: Final = 50
"""Of one project."""
MAX_ADDRESSES: Final = 50
"""Addresses and people of one notice, each."""


class MailNoticeFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was. Of environments and kinds, none means all."""

    name: str
    addresses: list[str]
    people: Sequence[User]
    kinds: list[str]
    environments: list[str]
    is_active: bool


@traced
@transaction.atomic
def create_mail_notice(*, project: Project, fields: MailNoticeFields, by: Actor) -> MailNotice:
    """Create an e-mail notice.

    Raises:
        MissingRole: when the actor may not manage the project.
        InvalidInput: naming the place that is wrong, or when the project has too many.
    """
    require(by, Ability.MANAGE, project)
    lock_project(project)
    if project.mail_notices.count() >= MAX_MAIL_NOTICES:
        raise InvalidInput.at("", f"A project has at most {MAX_MAIL_NOTICES} e-mail notices.")
    notice = MailNotice(project=project)
    _apply(notice, {"name": "", **fields})
    notice.save(force_insert=True)
    _address_to(notice, fields)
    record(Action.CREATE, notice, by=by, project=project, new=_audited(notice))
    return notice


@traced
@transaction.atomic
def update_mail_notice(
    notice: MailNotice, *, fields: MailNoticeFields, by: Actor, if_version: int | None = None
) -> MailNotice:
    """Change an e-mail notice. Turned off, it drops what waits.

    Raises:
        MailNoticeNotFound: when it was deleted meanwhile.
        MissingRole: when the actor may not manage the project.
        StaleVersion: when `if_version` is given and not the present one.
        InvalidInput: naming the place that is wrong.
    """
    found = held(notice, by=by, if_version=if_version)
    old = _audited(found)
    _apply(found, fields)
    _address_to(found, fields)
    keep(found, old=old, new=_audited(found), by=by)
    return found


@traced
@transaction.atomic
def delete_mail_notice(notice: MailNotice, *, by: Actor, if_version: int | None = None) -> None:
    """Delete an e-mail notice, what waits for it and its log.

    Raises:
        MailNoticeNotFound, MissingRole, StaleVersion: as `update_mail_notice`.
    """
    found = held(notice, by=by, if_version=if_version)
    remove(found, old=_audited(found), by=by)


def _apply(notice: MailNotice, fields: MailNoticeFields) -> None:
    set_wishes(notice, fields)
    if "addresses" in fields:
        notice.addresses = _addresses_of(fields["addresses"])


def _address_to(notice: MailNotice, fields: MailNoticeFields) -> None:
    relate(notice, fields)
    if "people" in fields:
        wanted = [person.pk for person in fields["people"]]
        there = people_who_see(notice.project).filter(pk__in=wanted)
        if len(wanted) > MAX_ADDRESSES or there.count() != len(set(wanted)):
            raise InvalidInput.at("people", f"At most {MAX_ADDRESSES} people, who see the project.")
        notice.people.set(wanted)
    if not notice.addresses and not notice.people.exists():
        raise InvalidInput.at("addresses", "Name an address or a person.")


def _addresses_of(addresses: list[str]) -> list[str]:
    if len(addresses) > MAX_ADDRESSES:
        raise InvalidInput.at("addresses", f"At most {MAX_ADDRESSES} addresses.")
    for place, address in enumerate(addresses):
        try:
            validate_email(address)
        except ValidationError:
            raise InvalidInput.at(f"addresses[{place}]", f"`{address[:100]}` is no e-mail address.") from None
        if len(address) > 254:  # noqa: PLR2004 - what an address may have (RFC 5321)
            raise InvalidInput.at(f"addresses[{place}]", "An address has at most 254 characters.")
    return list({address.lower(): address for address in addresses}.values())


def _audited(notice: MailNotice) -> Mapping[str, Any]:
    people = sorted(person.get_username() for person in notice.people.all())
    return wishes(notice) | {"addresses": notice.addresses, "people": people}
