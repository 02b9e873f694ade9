"""Taking a change request back to the page of the flag that it is about.

The page shows what is proposed; saving it gives the request other edits, in place of making another one.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from accounts.admin.requests import actor_of
from flags.admin.reviews.proposing import review_address
from flags.editing.edits import FlagEdit, edits_from_json
from flags.errors import NothingChanges
from flags.forms.flags import field_name
from flags.models import ChangeRequest, Flag
from flags.services import revise
from flagsite.lib.digits import number_of

PARAMETER = "revising"


def editing_address(change_request: ChangeRequest) -> str:
    """Return the address where a change request can be edited; empty when it is about more than one flag."""
    edit = _edit_of(change_request)
    flag = Flag.objects.filter(project=change_request.project, key=edit.key).first() if edit else None
    if flag is None:
        return ""
    query = urlencode({PARAMETER: change_request.pk, "version": change_request.version})
    return f"{reverse('admin:flags_flag_change', args=[flag.pk])}?{query}"


def revised(request: HttpRequest, flag: Flag) -> tuple[ChangeRequest, FlagEdit] | None:
    """Return the change request that the page was opened for, with its edit; None for an ordinary visit."""
    pk = number_of(request.GET.get(PARAMETER, ""))
    if pk is None:
        return None
    change_request = ChangeRequest.objects.filter(pk=pk, project=flag.project_id).select_related("project").first()
    edit = _edit_of(change_request) if change_request and change_request.is_pending else None
    return (change_request, edit) if change_request and edit and edit.key == flag.key else None


def proposed_values(edit: FlagEdit, flag: Flag) -> dict[str, Any]:
    """Return by field of the flag's form what the edit wants there, and the versions that it was made on.

    So what somebody has published in between is not overwritten unseen: such a page is refused when it is saved.
    """
    states = {state.environment.key: state for state in flag.states.all()}
    own = {
        field_name(states[where], name): value
        for where, fields in edit.states.items()
        if where in states
        for name, value in fields.items()
    }
    seen = {field_name(states[where], "version"): number for where, number in edit.versions.items() if where in states}
    return {**edit.shared, **own, **seen}


def lead_back_to_review(request: HttpRequest, change_request: ChangeRequest, edit: FlagEdit) -> str:
    """Give the change request the edit, and return the address of its review.

    Raises:
        Refusal: what `revise` refuses; nothing has been kept.
    """
    version = number_of(request.GET.get("version", "")) or 0
    try:
        revise(change_request, edits=[edit], by=actor_of(request), version=version)
    except NothingChanges:
        messages.warning(request, "As it was edited it would change nothing, so the change request stays as it was.")
    return review_address(change_request)


def _edit_of(change_request: ChangeRequest) -> FlagEdit | None:
    edits = edits_from_json(change_request.edits)
    return edits[0] if len(edits) == 1 and isinstance(edits[0], FlagEdit) else None
