"""Creating, changing, rotating and deleting webhooks.

Neither a secret nor the path of an address, which for some services is one, goes into the audit log.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypedDict

from django.conf import settings
from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import Project
from accounts.permissions import require
from accounts.querysets import lock_project
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput
from flagsite.lib.tracing import traced
from flagsite.lib.vault import seal
from rollouts.models import MAX_ADDRESS, Webhook
from rollouts.notices.endpoints import BadEndpoint, check_endpoint, endpoint_of
from rollouts.notices.signing import new_secret
from rollouts.services.notices.receivers import held, keep, relate, remove, set_wishes, wishes

MAX_WEBHOOKS: Final = 50
"""Of one project."""
OVERLAP_HOURS: Final = 24
"""How long a rotated secret still signs, unless the caller says otherwise."""
MAX_OVERLAP_HOURS: Final = 7 * 24


class WebhookFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was. Of environments and kinds, none means all."""

    name: str
    address: str
    format: str
    kinds: list[str]
    environments: list[str]
    is_active: bool


@traced
@transaction.atomic
def create_webhook(*, project: Project, fields: WebhookFields, by: Actor) -> tuple[Webhook, str]:
    """Create a webhook; the secret returned is never shown again.

    Raises:
        MissingRole: when the actor may not manage the project.
        InvalidInput: naming the place that is wrong, or when the project has too many.
    """
    require(by, Ability.MANAGE, project)
    lock_project(project)
    if project.webhooks.count() >= MAX_WEBHOOKS:
        raise InvalidInput.at("", f"A project has at most {MAX_WEBHOOKS} webhooks.")
    for name in ("name", "address"):
        if name not in fields:
            raise InvalidInput.at(name, "This is needed.")
    secret = new_secret()
    webhook = Webhook(project=project, secret=seal(secret))
    _apply(webhook, fields)
    webhook.save(force_insert=True)
    relate(webhook, fields)
    record(Action.CREATE, webhook, by=by, project=project, new=_audited(webhook))
    return webhook, secret


@traced
@transaction.atomic
def update_webhook(webhook: Webhook, *, fields: WebhookFields, by: Actor, if_version: int | None = None) -> Webhook:
    """Change a webhook. Turned off, it drops what waits for it; turned on, it starts anew.

    Raises:
        WebhookNotFound: when it was deleted meanwhile.
        MissingRole: when the actor may not manage the project.
        StaleVersion: when `if_version` is given and not the present one.
        InvalidInput: naming the place that is wrong.
    """
    found = held(webhook, by=by, if_version=if_version)
    old = _audited(found)
    _apply(found, fields)
    relate(found, fields)
    if found.is_active:
        found.turned_off_because = ""
    keep(found, old=old, new=_audited(found), by=by)
    return found


@traced
@transaction.atomic
def rotate_webhook(
    webhook: Webhook,
    *,
    by: Actor,
    overlap_hours: int = OVERLAP_HOURS,
    if_version: int | None = None,
) -> tuple[Webhook, str]:
    """Make another secret, which signs from now on; the one before signs beside it until the overlap is over.

    A secret from an earlier rotation signs no more. The secret returned is never shown again.

    Raises:
        WebhookNotFound, MissingRole, StaleVersion: as `update_webhook`.
        InvalidInput: when the overlap is negative or too long.
    """
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        raise InvalidInput.at("overlap_hours", f"From 0 to {MAX_OVERLAP_HOURS:,} hours.")
    found = held(webhook, by=by, if_version=if_version)
    secret = new_secret()
    found.old_secret, found.old_secret_until = "", None
    if overlap_hours:
        found.old_secret, found.old_secret_until = found.secret, clock.now() + timedelta(hours=overlap_hours)
    found.secret = seal(secret)
    found.version += 1
    found.save(update_fields=["secret", "old_secret", "old_secret_until", "version"])
    until = found.old_secret_until.isoformat() if found.old_secret_until else None
    new = {"secret": "rotated", "old_secret_until": until}
    record(Action.UPDATE, found, by=by, project=found.project, old={"secret": "in force"}, new=new)
    return found, secret


@traced
@transaction.atomic
def delete_webhook(webhook: Webhook, *, by: Actor, if_version: int | None = None) -> None:
    """Delete a webhook, what waits for it and its log.

    Raises:
        WebhookNotFound, MissingRole, StaleVersion: as `update_webhook`.
    """
    found = held(webhook, by=by, if_version=if_version)
    remove(found, old=_audited(found), by=by)


def _apply(webhook: Webhook, fields: WebhookFields) -> None:
    set_wishes(webhook, fields)
    if "address" in fields:
        _check_address(fields["address"])
        webhook.address = fields["address"]
    if "format" in fields:
        if fields["format"] not in Webhook.Format.values:
            raise InvalidInput.at("format", f"Must be one of {', '.join(Webhook.Format.values)}.")
        webhook.format = fields["format"]


def _check_address(address: str) -> None:
    if len(address) > MAX_ADDRESS:
        raise InvalidInput.at("address", f"At most {MAX_ADDRESS:,} characters.")
    try:
        check_endpoint(endpoint_of(address), allowed=settings.WEBHOOK_ALLOWED_NETWORKS)
    except BadEndpoint as error:
        raise InvalidInput.at("address", str(error)) from None


def _audited(webhook: Webhook) -> Mapping[str, Any]:
    digest = hashlib.sha256(webhook.address.encode()).hexdigest()[:8]  # so that a change of the path is seen
    shown = {"address": f"{endpoint_of(webhook.address).masked} ({digest})", "format": str(webhook.format)}
    return wishes(webhook) | shown
