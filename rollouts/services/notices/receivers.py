"""What webhooks and e-mail notices have in common: what they ask, and how a change of one is checked and written."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.roles import Ability
from flagsite.lib.problems import InvalidInput, StaleVersion
from rollouts.models import MailNotice, Occurrence, Webhook
from rollouts.querysets import mail_notice_of, webhook_of
from rollouts.services.notices.deliveries import drop_waiting

MAX_NAME: Final = 200

Kind = TypeVar("Kind", bound=Webhook | MailNotice)


def held(receiver: Kind, *, by: Actor, if_version: int | None) -> Kind:
    """Return the receiver fresh and locked until the transaction ends.

    Raises:
        MissingRole: when the actor may not manage the project.
        WebhookNotFound, MailNoticeNotFound: when it was deleted meanwhile.
        StaleVersion: when `if_version` is given and not the present one.
    """
    require(by, Ability.MANAGE, receiver.project)
    fresh: Any = webhook_of if isinstance(receiver, Webhook) else mail_notice_of
    found: Kind = fresh(receiver.project, receiver.pk, for_update=True)
    StaleVersion.unless(if_version, present=found.version, what=str(receiver._meta.verbose_name))  # noqa: SLF001 - Django's
    return found


def set_wishes(receiver: Webhook | MailNotice, fields: Mapping[str, Any]) -> None:
    """Set those of the common fields that are given; environments are related once the row is there.

    Raises:
        InvalidInput: naming the place that is wrong.
    """
    if "name" in fields:
        receiver.name = _name_of(fields["name"])
    if "kinds" in fields:
        receiver.kinds = _kinds_of(fields["kinds"])
    if "is_active" in fields:
        receiver.is_active = fields["is_active"]


def relate(receiver: Webhook | MailNotice, fields: Mapping[str, Any]) -> None:
    """Set the environments, when they are given by their keys.

    Raises:
        InvalidInput: when the project has no such one.
    """
    if "environments" in fields:
        receiver.environments.set(_environments_of(receiver.project, fields["environments"]))


def wishes(receiver: Webhook | MailNotice) -> dict[str, Any]:
    """Return what the audit log keeps of the common fields."""
    return {
        "name": receiver.name,
        "kinds": receiver.kinds,
        "environments": _keys_of(receiver.environments.all()),
        "active": receiver.is_active,
    }


def keep(receiver: Webhook | MailNotice, *, old: Mapping[str, Any], new: Mapping[str, Any], by: Actor) -> None:
    """Write a changed receiver as a new version; turned off or on, it begins anew and drops what waited."""
    if new == old:
        return
    if old["active"] != new["active"]:
        receiver.failing_since = None
        drop_waiting(receiver.deliveries.all())
    receiver.version += 1
    receiver.save()
    record(Action.UPDATE, receiver, by=by, project=receiver.project, old=old, new=new)


def remove(receiver: Webhook | MailNotice, *, old: Mapping[str, Any], by: Actor) -> None:
    """Delete a receiver, what waits for it, and its log."""
    record(Action.DELETE, receiver, by=by, project=receiver.project, old=old)
    receiver.delete()


def _name_of(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise InvalidInput.at("name", f"1 to {MAX_NAME} characters.")
    return name.strip()


def _kinds_of(kinds: Any) -> list[str]:
    if not isinstance(kinds, list):
        raise InvalidInput.at("kinds", "Must be a list.")
    for place, kind in enumerate(kinds):
        if kind not in Occurrence.Kind.values:
            raise InvalidInput.at(f"kinds[{place}]", f"Must be one of {', '.join(Occurrence.Kind.values)}.")
    return [kind for kind in Occurrence.Kind.values if kind in kinds]


def _environments_of(project: Project, keys: Any) -> list[Environment]:
    if not isinstance(keys, list):
        raise InvalidInput.at("environments", "Must be a list.")
    found = {environment.key: environment for environment in project.environments.all()}
    for place, key in enumerate(keys):
        if not isinstance(key, str) or key not in found:
            raise InvalidInput.at(f"environments[{place}]", f"The project `{project.key}` has no such environment.")
    return [environment for key, environment in found.items() if key in keys]


def _keys_of(environments: Iterable[Environment]) -> list[str]:
    return sorted(environment.key for environment in environments)
