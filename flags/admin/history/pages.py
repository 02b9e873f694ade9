"""The pages of the history: a timeline, one change side by side, restoring, and deciding as of a past moment.

Reading is for whoever sees the project; restoring is for its editors and goes through the flags' service.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.admin.guarded import GuardedAdmin, lead_history_of
from accounts.admin.requests import access_of
from accounts.models import Environment, Project
from accounts.roles import Ability
from flags.admin.deciding.tester import answer_in, context_asked, seen_lately
from flags.admin.deciding.tester_form import ContextForm
from flags.admin.flags.cards import named_variations
from flags.admin.history.bringing_back import bring_back
from flags.admin.history.details import details_seen_by
from flags.admin.history.recreating import recreation_of, recreation_proposed
from flags.admin.history.side_by_side import side_by_side
from flags.admin.history.timeline import SOURCES, Asked, hands_in, timeline, timeline_address
from flags.editing.restoring import edit_that_restores, present_of
from flags.evaluation import explain
from flags.forms.history import RestoreForm
from flags.history import Entry, entries_of
from flags.models import Flag, RevisionItem
from flags.querysets import with_predecessors
from flagsite.lib.problems import Refusal
from segments.models import Segment

lead_history_of(Flag, lambda row: timeline_address(project=row.project.key, kind="flag", key=row.key))
lead_history_of(Segment, lambda row: timeline_address(project=row.project.key, kind="segment", key=row.key))
lead_history_of(Project, lambda row: timeline_address(project=row.key))
lead_history_of(Environment, lambda row: timeline_address(project=row.project.key, environment=row.key))


class HistoryPages(GuardedAdmin):
    """What the pages of revisions have beside Django's own."""

    def get_urls(self) -> list[Any]:
        """Add the history's pages."""
        item = "item/<int:pk>/"
        pages = (
            ("timeline/", require_GET(self.timeline_view), "timeline"),
            (item, require_GET(self.change_side_by_side_view), "item"),
            (f"{item}restore/", require_POST(self.restore_view), "restore"),
            (f"{item}recreate/", require_POST(self.recreate_view), "recreate"),
            (f"{item}as-of/", require_http_methods(["GET", "POST"])(self.as_of_view), "as_of"),
        )
        own = [
            path(route, self.admin_site.admin_view(view), name=f"flags_revision_{name}") for route, view, name in pages
        ]
        return [*own, *super().get_urls()]

    def timeline_view(self, request: HttpRequest) -> HttpResponse:
        """Show who changed what, when and why, a page at a time."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = Asked.of(request.GET.dict())
        details = details_seen_by(access_of(request))
        shown, moments = timeline(self.get_queryset(request), details, asked, request.GET.get("p", ""))
        about = {"asked": asked, "shown": shown, "moments": moments, "sources": SOURCES}
        about |= {"environments": self._environments(request, asked), "title": _title(asked)}
        project = next((moment.project for moment in moments if moment.project), None)
        if asked.one and project:
            about |= recreation_of(request, project=project, kind=asked.kind, key=asked.key)
        return self._page(request, "timeline", about)

    def change_side_by_side_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one change of a flag or segment: in sentences, and both documents beside each other."""
        entry = self._entry(request, pk)
        about = {"entry": entry, "rows": side_by_side(entry.before, entry.after), "title": _named(entry)}
        about["hands"] = hands_in(entry.item.revision)
        about |= self._restoring(request, entry)
        return self._page(request, "item", about)

    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to bring the state of this revision back, and lead to the review."""
        entry = self._entry(request, pk)
        return bring_back(
            request,
            entry.item,
            edit_of=lambda form: edit_that_restores(entry.item, version=form.cleaned_data["version"]),
            comment=f"Restored revision {entry.item.number}",
        )

    def recreate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to bring a deleted flag back as it was last, and lead to the review."""
        return recreation_proposed(request, self._entry(request, pk).item)

    def as_of_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what the flag was for a context right after this revision, and why.

        Asked by POST, though nothing changes: who a context is does not belong into addresses and access logs.
        """
        entry = self._entry(request, pk)
        if entry.item.kind != RevisionItem.Kind.FLAG or entry.after is None:
            raise Http404
        environment, item = entry.item.environment, entry.item
        form = ContextForm(request.POST if request.method == "POST" else None)
        about: dict[str, Any] = {"entry": entry, "title": f"{item.key} as of revision {item.number}"}
        about |= context_asked(form, environment.project) | seen_lately(environment)
        if form.is_bound and form.is_valid():
            try:
                found = explain(environment, item.key, form.cleaned_data["context"], at=item.revision.created_at)
                about["answer"] = answer_in(environment, found, _colours(item), revision=item.number)
            except Refusal as refusal:
                form.add_error(None, refusal.detail)
        return self._page(request, "as_of", about)

    # --- what the pages need ---------------------------------------------------------------------------------------

    def _page(self, request: HttpRequest, name: str, about: dict[str, Any]) -> HttpResponse:
        if "entry" in about:
            about |= {"timeline": _timeline_of(about["entry"]), "show_back_button": True}
        context = {**self.admin_site.each_context(request), "opts": self.opts, **about}
        return TemplateResponse(request, f"admin/flags/revision/{name}.html", context)

    def _entry(self, request: HttpRequest, pk: int) -> Entry:
        """Return what the page is about, if the person may see it."""
        items = RevisionItem.objects.filter(pk=pk).select_related("environment__project")
        access = access_of(request)
        if not access.unlimited:
            items = items.filter(environment__project__in=access.projects(Ability.VIEW))
        found = entries_of(with_predecessors(items))
        if not found:
            raise Http404
        return found[0]

    def _environments(self, request: HttpRequest, asked: Asked) -> dict[str, str]:
        seen = Environment.objects.filter(project__in=access_of(request).projects(Ability.VIEW))
        seen = seen.filter(project__key=asked.project) if asked.project else seen
        return dict(seen.order_by("position", "key").values_list("key", "name"))

    def _restoring(self, request: HttpRequest, entry: Entry) -> dict[str, Any]:
        """Return what restoring would change, for those who may, while the flag or segment is there."""
        present = present_of(entry.item)
        item = entry.item
        if present is None:
            return recreation_of(request, project=item.environment.project, kind=item.kind, key=item.key)
        about: dict[str, Any] = {"present": present.row}
        if entry.after is not None and access_of(request).may(Ability.EDIT, entry.item.environment.project_id):
            about["restored"] = [change.sentence for change in present.changes_back_to(entry.after)]
            about["variations_stay"] = present.keeps_other_variations(entry.after)
            about["form"] = RestoreForm(initial={"version": present.version})
        return about


def _colours(item: RevisionItem) -> dict[str, str]:
    """Return by key the colours of the flag's variations, as they are now."""
    flag = Flag.objects.filter(project=item.environment.project_id, key=item.key).first()
    return {key: one.colour for key, one in named_variations(flag.variations).items()} if flag else {}


def _timeline_of(entry: Entry) -> str:
    item = entry.item
    return timeline_address(project=item.environment.project.key, kind=item.kind, key=item.key)


def _named(entry: Entry) -> str:
    return f"{entry.item.key} in {entry.item.environment.name}: revision {entry.item.number}"


def _title(asked: Asked) -> str:
    what = f"the {asked.kind} {asked.key}" if asked.one else f"the project {asked.project}" if asked.project else ""
    return f"History of {what}" if what else "History"
