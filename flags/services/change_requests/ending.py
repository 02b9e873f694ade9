"""A change request that is not published: taken back by who proposed it, or declined by somebody else, who says why."""

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import MissingRole
from accounts.permissions import require
from accounts.roles import Ability
from flags.errors import NotOwnChange, OwnChange
from flags.models import ChangeRequest
from flags.querysets import lock_change_request
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, StaleVersion
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def withdraw(change_request: ChangeRequest, *, by: Actor, comment: str = "") -> ChangeRequest:
    """Take back a change request that one had a hand in: it can no longer be published.

    Raises:
        MissingRole: when the actor may not edit.
        NotPending: when it was published, declined or withdrawn.
        NotOwnChange: when it is somebody else's, who is told why if it is declined.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    if by.user is not None and not _had_a_hand_in(held, by):
        raise NotOwnChange("Only who had a hand in a change withdraws it. Decline it, and say why.")
    return _ended(held, ChangeRequest.Status.WITHDRAWN, by=by, comment=comment)


@traced
@transaction.atomic
def decline(change_request: ChangeRequest, *, by: Actor, version: int, comment: str) -> ChangeRequest:
    """Refuse somebody else's change request as it stands at this version: it can no longer be published.

    Whoever might approve it might also decline it.

    Raises:
        MissingRole: when the actor may not edit, or is no person.
        OwnChange: when they proposed it or have changed it; their own they withdraw.
        NotPending: when it was published, declined or withdrawn.
        StaleVersion: when it is at another version than was reviewed.
        InvalidInput: at `comment`, when no reason is given.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    if by.user is None:
        raise MissingRole("Only a person declines a change.")
    if _had_a_hand_in(held, by):
        raise OwnChange("Nobody declines a change that they made themselves: withdraw it.")
    StaleVersion.unless(version, present=held.version, what="change request")
    if not comment.strip():
        raise InvalidInput.at("comment", "Say why: whoever proposed it reads it.")
    return _ended(held, ChangeRequest.Status.DECLINED, by=by, comment=comment)


def _had_a_hand_in(change_request: ChangeRequest, by: Actor) -> bool:
    return by.user is not None and change_request.contributors.filter(pk=by.user.pk).exists()


def _ended(held: ChangeRequest, status: ChangeRequest.Status, *, by: Actor, comment: str) -> ChangeRequest:
    old = {"status": held.status}
    held.status, held.publish_at = status, None
    held.ended_by, held.ended_by_label, held.reason = by.user, by.label, comment
    held.updated_at = held.ended_at = clock.now()
    held.save(update_fields=["status", "publish_at", "updated_at", "ended_by", "ended_by_label", "ended_at", "reason"])
    record(Action.UPDATE, held, by=by, project=held.project, old=old, new={"status": held.status}, comment=comment)
    return held
