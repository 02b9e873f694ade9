"""Creating, changing and deleting e-mail notices."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import Project, User
from accounts.permissions import require
from accounts.querysets import lock_project, people_in
from accounts.roles import Ability
from flagsite.lib.problems import InvalidInput, StaleVersion
from flagsite.lib.tracing import traced
from rollouts.models import MailNotice
from rollouts.querysets import mail_notice_of
from rollouts.services.notices.deliveries import drop_waiting
from rollouts.services.notices.wishes import check_name, environments_of, keys_of, kinds_of

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
    _relate(notice, fields)
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
    held = _held(notice, by=by, if_version=if_version)
    old = _audited(held)
    _apply(held, fields)
    _relate(held, fields)
    new = _audited(held)
    if new == old:
        return held
    if old["active"] != new["active"]:
        held.failing_since = None
        drop_waiting(held.deliveries.all())
    held.version += 1
    held.save()
    record(Action.UPDATE, held, by=by, project=held.project, old=old, new=new)
    return held


@traced
@transaction.atomic
def delete_mail_notice(notice: MailNotice, *, by: Actor, if_version: int | None = None) -> None:
    """Delete an e-mail notice, what waits for it and its log.

    Raises:
        MailNoticeNotFound, MissingRole, StaleVersion: as `update_mail_notice`.
    """
    held = _held(notice, by=by, if_version=if_version)
    record(Action.DELETE, held, by=by, project=held.project, old=_audited(held))
    held.delete()


def _held(notice: MailNotice, *, by: Actor, if_version: int | None) -> MailNotice:
    require(by, Ability.MANAGE, notice.project)
    held = mail_notice_of(notice.project, notice.pk, for_update=True)
    StaleVersion.unless(if_version, present=held.version, what="e-mail notice")
    return held


def _apply(notice: MailNotice, fields: MailNoticeFields) -> None:
    if "name" in fields:
        check_name(fields["name"])
        notice.name = fields["name"].strip()
    if "addresses" in fields:
        notice.addresses = _addresses_of(fields["addresses"])
    if "kinds" in fields:
        notice.kinds = kinds_of(fields["kinds"])
    if "is_active" in fields:
        notice.is_active = fields["is_active"]


def _relate(notice: MailNotice, fields: MailNoticeFields) -> None:
    if "environments" in fields:
        notice.environments.set(environments_of(notice.project, fields["environments"]))
    if "people" in fields:
        wanted = [person.pk for person in fields["people"]]
        there = Q(pk__in=people_in(Project.objects.filter(pk=notice.project.pk)).values("pk")) | Q(is_superuser=True)
        if len(wanted) > MAX_ADDRESSES or User.objects.filter(there, pk__in=wanted).count() != len(set(wanted)):
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
    return {
        "name": notice.name,
        "addresses": notice.addresses,
        "people": sorted(person.get_username() for person in notice.people.all()),
        "kinds": notice.kinds,
        "environments": keys_of(notice.environments.all()),
        "active": notice.is_active,
    }
