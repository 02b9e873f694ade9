"""What the history's pages say of a deleted flag: that it can be brought back, and to whom that is offered."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.admin.requests import access_of
from accounts.models import Project
from accounts.roles import Ability
from flags.admin.reviews.proposing import lead_to_review
from flags.editing.recreating import edit_that_recreates, last_item
from flags.forms.history import RestoreForm
from flags.models import RevisionItem
from flagsite.lib.problems import NotAllowed, Refusal


def recreation_of(request: HttpRequest, *, project: Project, kind: str, key: str) -> dict[str, Any]:
    """Return what a page shows of a flag that is gone: `gone`, its last item, and for editors a `recreate` form."""
    gone = last_item(key, project=project) if kind == RevisionItem.Kind.FLAG else None
    if gone is None:
        return {}
    may = access_of(request).may(Ability.EDIT, project.pk)
    return {"gone": gone, "recreate": RestoreForm(auto_id="recreate_%s") if may else None}


def recreation_proposed(request: HttpRequest, item: RevisionItem) -> HttpResponse:
    """Propose to bring the flag of an item back as it was last, and lead to the review."""
    project = item.environment.project
    if not access_of(request).may(Ability.EDIT, project.pk):
        raise PermissionDenied
    back = reverse("admin:flags_revision_item", args=[item.pk])
    form = RestoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Why a flag is recreated is said in at most 2,000 characters.")
        return HttpResponseRedirect(back)
    comment = form.cleaned_data["comment"] or "Recreated as it was"
    try:
        edit = edit_that_recreates(item.key, project=project)
        review = lead_to_review(request, project=project, edits=[edit], comment=comment, otherwise=back)
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.detail) from None
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(review)
