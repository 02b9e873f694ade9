"""Publishing a change request: now, or at a set time."""

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor, Clearance, Source
from accounts.audit import Action, record
from accounts.permissions import require
from accounts.roles import Ability
from flags.editing.edits import edits_from_json
from flags.errors import NotScheduled
from flags.models import ChangeRequest
from flags.publishing.clearances import require_clearance
from flags.querysets import lock_change_request
from flags.services.change_requests.approving import approvals_in_force
from flags.services.change_requests.rehearsing import Difference, carry_out, rehearse
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, Refusal, StaleVersion
from flagsite.lib.tracing import traced

MOVED = "Somebody has changed what this was made on; see both changes and merge them."


@traced
@transaction.atomic
def publish_change_request(
    change_request: ChangeRequest, *, by: Actor, version: int, comment: str = ""
) -> ChangeRequest:
    """Carry the edits out, all of them, exactly as they were reviewed.

    Raises:
        MissingRole: when the actor may not edit.
        NotPending: when it was published or withdrawn.
        StaleVersion: when it is at another version than was reviewed, or what it was made on has changed.
        ApprovalRequired: when an environment asks for an approval and nobody has given it.
        InvalidInput: at `comment`, when an environment is protected and there is none.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    StaleVersion.unless(version, present=held.version, what="change request")
    cleared = by.cleared(clearance_of(held))
    comment = comment or held.comment
    done = carry_out(project=held.project, edits=edits_from_json(held.edits), by=cleared, comment=comment)
    if done.digest() != held.digest:
        raise StaleVersion(MOVED)
    held.status, held.comment, held.failure = ChangeRequest.Status.PUBLISHED, comment, ""
    held.publisher = by.user
    held.updated_at = held.published_at = clock.now()
    held.save()
    return held


@traced
@transaction.atomic
def schedule_change_request(
    change_request: ChangeRequest, *, by: Actor, version: int, at: datetime, comment: str = ""
) -> ChangeRequest:
    """Let the change request be published at a moment, by the installation, in the actor's name.

    Whatever publishing asks for is asked for now, so that nothing is refused at night that could be said today; it
    is asked again then.

    Raises:
        InvalidInput: at `publish_at`, when the moment has passed; at `comment` as publishing does.
        MissingRole, NotPending, StaleVersion, ApprovalRequired: as publishing does.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    StaleVersion.unless(version, present=held.version, what="change request")
    if at <= clock.now():
        raise InvalidInput.at("publish_at", "The moment has passed.")
    difference = rehearse(project=held.project, edits=edits_from_json(held.edits), by=by)
    if difference.digest() != held.digest:
        raise StaleVersion(MOVED)
    _check_clearances(held, difference, by=by, comment=comment or held.comment)
    old = {"status": held.status, "publish_at": held.publish_at.isoformat() if held.publish_at else None}
    held.status, held.publish_at, held.publisher = ChangeRequest.Status.SCHEDULED, at, by.user
    held.comment, held.failure, held.updated_at = comment or held.comment, "", clock.now()
    held.save()
    new = {"status": held.status, "publish_at": at.isoformat()}
    record(Action.UPDATE, held, by=by, project=held.project, old=old, new=new, comment=comment)
    return held


@traced
@transaction.atomic
def unschedule_change_request(change_request: ChangeRequest, *, by: Actor, comment: str = "") -> ChangeRequest:
    """Let the change request wait for a person again; its approvals stay.

    Raises:
        MissingRole: when the actor may not edit.
        NotPending: when it was published or withdrawn.
        NotScheduled: when it waits for nobody's moment.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    if held.status != ChangeRequest.Status.SCHEDULED:
        raise NotScheduled("The change request has no moment at which it would be published.")
    old = {"status": held.status, "publish_at": held.publish_at.isoformat() if held.publish_at else None}
    held.status, held.publish_at, held.publisher, held.updated_at = ChangeRequest.Status.OPEN, None, None, clock.now()
    held.save(update_fields=["status", "publish_at", "publisher", "updated_at"])
    new = {"status": held.status, "publish_at": None}
    record(Action.UPDATE, held, by=by, project=held.project, old=old, new=new, comment=comment)
    return held


def publish_due() -> int:
    """Publish the scheduled change requests whose moment has come; return how many were.

    One that can no longer be published is marked as failed, with the reason, and is never tried again by itself. Any
    number of workers may call this at once: each change request is published once.
    """
    due = ChangeRequest.objects.filter(status=ChangeRequest.Status.SCHEDULED, publish_at__lte=clock.now())
    return sum(_publish_due(pk) for pk in due.order_by("publish_at", "pk").values_list("pk", flat=True))


def _publish_due(pk: int) -> bool:
    with transaction.atomic():
        rows = ChangeRequest.objects.select_for_update(of=("self",), skip_locked=True)
        held = rows.filter(pk=pk, status=ChangeRequest.Status.SCHEDULED).select_related("publisher").first()
        if held is None:
            return False
        try:
            with transaction.atomic():
                publish_change_request(held, by=_scheduler_of(held), version=held.version)
        except Refusal as refusal:
            held.status, held.failure, held.updated_at = ChangeRequest.Status.FAILED, refusal.detail, clock.now()
            held.save(update_fields=["status", "failure", "updated_at"])
            return False
    return True


def _scheduler_of(change_request: ChangeRequest) -> Actor:
    if change_request.publisher is None:
        raise Refusal("The person who scheduled it is no longer here.")
    return Actor.person(change_request.publisher, source=Source.SCHEDULE)


def clearance_of(change_request: ChangeRequest) -> Clearance:
    """Return what the change request may show at the door of an environment."""
    approvals = approvals_in_force(change_request)
    return Clearance(
        change_request=change_request.pk,
        approved_by=", ".join(approval.label for approval in approvals)[:200],
    )


def _check_clearances(change_request: ChangeRequest, difference: Difference, *, by: Actor, comment: str) -> None:
    cleared = by.cleared(clearance_of(change_request))
    for environment in difference.environments:
        require_clearance(environment, by=cleared, comment=comment)
