"""What the history's pages say of a deleted flag: that it can be brought back, and to whom that is offered."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.admin.requests import access_of
from accounts.models import Project
from accounts.roles import Ability
from flags.admin.history.bringing_back import bring_back
from flags.editing.recreating import edit_that_recreates, last_item
from flags.forms.history import RestoreForm
from flags.models import RevisionItem


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
    return bring_back(
        request, item, edit_of=lambda _: edit_that_recreates(item.key, project=project), comment="Recreated as it was"
    )
