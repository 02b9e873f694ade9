"""From a page that was saved to the review of what it would change: the road of every save in the admin."""

from collections.abc import Sequence

from auditlog.models import LogEntry
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from accounts.actors import Actor
from accounts.admin.audit_log import lead_entries_to
from accounts.admin.requests import actor_of
from accounts.models import Project
from flags.editing.edits import Edit, SegmentDeletion, SegmentEdit
from flags.errors import NothingChanges
from flags.models import ChangeRequest
from flags.services import propose
from segments.admin.proposing import propose_through
from segments.models import Segment
from segments.services import SegmentFields


def review_address(change_request: ChangeRequest) -> str:
    """Return the address of the page on which a change request is reviewed."""
    return reverse("admin:flags_changerequest_change", args=[change_request.pk])


def _review_of(entry: LogEntry) -> str:
    """Return where the change that an entry of the audit log tells of was reviewed; empty when it was not."""
    about = (entry.additional_data or {}).get("change_request")
    if entry.content_type.model_class() is ChangeRequest:
        about = entry.object_id
    return reverse("admin:flags_changerequest_change", args=[about]) if about else ""


lead_entries_to(_review_of)


def lead_to_review(
    request: HttpRequest, *, project: Project, edits: Sequence[Edit], comment: str = "", otherwise: str
) -> str:
    """Propose the edits and return the address of their review; when nothing would change, say so: `otherwise`.

    Raises:
        Refusal: what `propose` refuses; nothing has been kept.
    """
    try:
        change_request = propose(project=project, edits=edits, by=actor_of(request), comment=comment)
    except NothingChanges as refusal:
        messages.info(request, refusal.detail)
        return otherwise
    return review_address(change_request)


def propose_segment(
    segment: Segment, *, fields: SegmentFields | None, version: int, by: Actor, comment: str
) -> str | None:
    """Propose other fields of a segment, or its deletion: the road of the segments app's pages."""
    edit: Edit = SegmentDeletion(segment.key, version)
    if fields is not None:
        edit = SegmentEdit(segment.key, dict(fields), version)
    try:
        return review_address(propose(project=segment.project, edits=[edit], by=by, comment=comment))
    except NothingChanges:
        return None


propose_through(propose_segment)
