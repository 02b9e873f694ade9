"""Segments in the admin."""

from typing import Any

import orjson
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from accounts.admin import markup
from accounts.admin.filters import ProjectFilter
from accounts.admin.requests import actor_of
from accounts.roles import Ability
from flagsite.lib.text_fields import IdListField
from segments.admin.listed import ListedIdsPages
from segments.admin.offers import OffersPages, builder_data
from segments.admin.pages import IN_WORDS
from segments.admin.proposing import propose_deletion, propose_edit
from segments.admin.uploads import UploadPages
from segments.forms import SegmentForm
from segments.id_lists import LISTS
from segments.models import Segment
from segments.querysets import with_lengths
from segments.services import create_segment
from segments.wording import condition_in_words


@admin.register(Segment)
class SegmentAdmin(OffersPages, ListedIdsPages, UploadPages):
    """Named audiences."""

    project_path = "project"
    added_by = changed_by = deleted_by = Ability.EDIT
    form = SegmentForm

    list_display = ("key", "name", "project", "count_included", "count_excluded", "updated_at")
    list_filter = (ProjectFilter,)
    search_fields = ("key", "name", "description")
    ordering = ("key",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the segments; a list page does not fetch their ids, which may be many."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        return with_lengths(rows) if match and (match.url_name or "").endswith("_changelist") else rows

    def get_fieldsets(self, request: HttpRequest, obj: Segment | None = None) -> Any:
        """Show a list of ids as a form, or only its length."""
        may_change = obj is None or self.has_change_permission(request, obj)
        lists = [name if obj is None or self._listable(obj, name) else f"count_{name}" for name in LISTS]
        known = ("project", "key", "name", "description")
        who = ("condition" if may_change else "condition_shown", *lists)
        why = ("comment", "seen_version") if may_change else ()
        return ((None, {"fields": known}), ("Who is in", {"fields": who}), ("This change", {"fields": why}))[
            : 3 if may_change else 2
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what the condition builder needs, for those who may change the segment."""
        segment, form = context.get("original"), context["adminform"].form
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if segment is None or self.has_change_permission(request, segment):
            project = None if segment is None else segment.project_id
            long = [name for name in LISTS if segment is not None and not self._listable(segment, name)]
            context["counted"] = [(IN_WORDS[name].capitalize(), self._count(segment, name)) for name in long]
            context["page_data"] = orjson.dumps(builder_data() | form.editor_data() | {"project": project}).decode()
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def _listable(self, segment: Segment, name: str) -> bool:
        return IdListField.holds(getattr(segment, name))

    def get_readonly_fields(self, request: HttpRequest, obj: Segment | None = None) -> tuple[str, ...]:
        """Return what never changes, and the lengths."""
        del request
        return () if obj is None else ("project", "key", "count_included", "count_excluded")

    @admin.display(description="Listed in")
    def count_included(self, segment: Any) -> str:
        """Return how many ids are listed in."""
        return self._count(segment, "included")

    @admin.display(description="Listed out")
    def count_excluded(self, segment: Any) -> str:
        """Return how many ids are listed out."""
        return self._count(segment, "excluded")

    def _count(self, segment: Any, name: str) -> str:
        held = getattr(segment, f"{name}_held", None)
        number = len(getattr(segment, name)) if held is None else held
        return f"{number:,} {'id' if number == 1 else 'ids'}"

    @admin.display(description="Condition")
    def condition_shown(self, segment: Segment) -> Any:
        """Return the condition in words and as it is kept."""
        if segment.condition is None:
            return "None"
        words = condition_in_words(segment.condition)
        return format_html("<p>{}</p>{}", words[:1].upper() + words[1:], markup.json(segment.condition))

    def create(self, request: HttpRequest, form: Any) -> Segment:
        """Create the segment."""
        data = form.cleaned_data
        return create_segment(
            project=data["project"],
            key=data["key"],
            fields=form.changes(),
            by=actor_of(request),
            comment=data["comment"],
        )

    def update(self, request: HttpRequest, row: Segment, form: Any) -> str:
        """Propose what the form changes, of what was shown; nothing changes before it was reviewed."""
        review = propose_edit(
            row,
            fields=form.changes(),
            version=form.cleaned_data["seen_version"] or 0,
            by=actor_of(request),
            comment=form.cleaned_data["comment"],
        )
        if review is None:
            messages.info(request, "Nothing would change: everything already is so.")
        return review or self.address("change", row.pk)

    def remove(self, request: HttpRequest, row: Segment) -> str | None:
        """Propose to delete the segment, unless something names it."""
        return propose_deletion(row, by=actor_of(request))
