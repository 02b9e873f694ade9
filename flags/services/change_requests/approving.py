"""Approving a change request: somebody else vouches for exactly the difference that it makes now."""

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import MissingRole
from accounts.permissions import abilities_of, require
from accounts.roles import Ability
from flags.editing.edits import edits_from_json
from flags.errors import OwnChange
from flags.models import Approval, ChangeRequest
from flags.querysets import lock_change_request
from flags.services.change_requests.rehearsing import rehearse
from flagsite.lib import clock
from flagsite.lib.problems import StaleVersion
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def approve(change_request: ChangeRequest, *, by: Actor, version: int, comment: str = "") -> Approval:
    """Approve the change request as it stands at this version.

    Raises:
        MissingRole: when the actor may not edit, or is no person.
        OwnChange: when they proposed it or have changed it.
        NotPending: when it was published or withdrawn.
        StaleVersion: when it is at another version, or what it was made on has changed: it would do something else.
    """
    held = lock_change_request(change_request)
    require(by, Ability.EDIT, held.project)
    if by.user is None:
        raise MissingRole("Only a person approves a change.")
    if held.contributors.filter(pk=by.user.pk).exists():
        raise OwnChange("Nobody approves a change that they made themselves.")
    StaleVersion.unless(version, present=held.version, what="change request")
    if rehearse(project=held.project, edits=edits_from_json(held.edits), by=by).digest() != held.digest:
        raise StaleVersion("What the change request would do is no longer what was proposed; it must be merged first.")
    approval, is_new = Approval.objects.get_or_create(
        change_request=held,
        person=by.user,
        digest=held.digest,
        defaults={"label": by.label, "version": version, "comment": comment, "created_at": clock.now()},
    )
    if approval.version != version:  # it was approved, changed, and changed back: that is vouched for anew
        approval.version, approval.comment, approval.created_at = version, comment, clock.now()
        approval.save(update_fields=["version", "comment", "created_at"])
        is_new = True
    if is_new:
        new = {"approved_by": by.label, "version": version, "digest": held.digest}
        record(Action.UPDATE, held, by=by, project=held.project, old={}, new=new, comment=comment)
    return approval


def approvals_of(change_request: ChangeRequest) -> QuerySet[Approval]:
    """Return the approvals of exactly what the change request is, or was when it ended."""
    return change_request.approvals.filter(digest=change_request.digest, version=change_request.version)


def approvals_in_force(change_request: ChangeRequest) -> list[Approval]:
    """Return the approvals of what the change request is now, by people who still may and had no hand in it."""
    contributors = set(change_request.contributors.values_list("pk", flat=True))
    return [
        row
        for row in approvals_of(change_request).select_related("person")
        if row.person is not None
        and row.person_id not in contributors
        and Ability.EDIT in abilities_of(row.person, change_request.project)
    ]
