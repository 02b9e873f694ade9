"""From a page of the history to the review of what it brings back: a state of before, or a flag that is gone."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.admin.requests import access_of
from accounts.roles import Ability
from flags.admin.reviews.proposing import lead_to_review
from flags.editing.edits import Edit
from flags.forms.history import RestoreForm
from flags.models import RevisionItem
from flagsite.lib.problems import NotAllowed, Refusal


def bring_back(
    request: HttpRequest, item: RevisionItem, *, edit_of: Callable[[RestoreForm], Edit], comment: str
) -> HttpResponse:
    """Propose the edit and lead to its review; where the form or the edit is refused, back to the page with the reason.

    Args:
        request: with the form of the page.
        item: the item that the page is about.
        edit_of: makes the edit of what the form says.
        comment: the reason that is given where the person writes none.

    Raises:
        PermissionDenied: for somebody who may not edit the project.
    """
    project = item.environment.project
    if not access_of(request).may(Ability.EDIT, project.pk):
        raise PermissionDenied
    back = reverse("admin:flags_revision_item", args=[item.pk])
    form = RestoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Why something is brought back is said in at most 2,000 characters.")
        return HttpResponseRedirect(back)
    said = form.cleaned_data["comment"] or comment
    try:
        review = lead_to_review(request, project=project, edits=[edit_of(form)], comment=said, otherwise=back)
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.detail) from None
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(review)
