"""Revisions in the admin: what happened to an environment's configuration, to be read only."""

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin import markup
from accounts.admin.filters import EnvironmentFilter, ProjectFilter
from flags.admin.history.pages import HistoryPages
from flags.models import Revision

SHOWN = 4
"""Keys that the list names of one revision; of more, it says how many there are."""


@admin.register(Revision)
class RevisionAdmin(HistoryPages):
    """The chain of revisions. Nobody writes here: services append."""

    has_history = False
    project_path = "environment__project"
    list_display = ("revision", "environment", "concerns", "who", "source", "comment", "created_at")
    list_filter = (ProjectFilter, EnvironmentFilter)
    search_fields = ("items__key", "actor_label", "comment")
    ordering = ("-pk",)
    list_before_template = "admin/flags/revision/before_list.html"
    fieldsets = (
        (None, {"fields": ("environment", "number", "created_at", "who", "source", "comment", "digest")}),
        ("What SDKs were sent", {"fields": ("delta_shown",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        """Return the revisions; the list page does without their deltas."""
        rows = super().get_queryset(request).prefetch_related("items")
        match = request.resolver_match
        return rows.defer("delta") if match and (match.url_name or "").endswith("_changelist") else rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let a flag's page lead to the revisions that concern it."""
        return lookup in {"items__kind__exact", "items__key__exact"} or bool(
            super().lookup_allowed(lookup, value, request)
        )

    @admin.display(description="Revision", ordering="number")
    def revision(self, revision: Revision) -> int:
        """Return the number."""
        return revision.number

    @admin.display(description="Who", ordering="actor_label")
    def who(self, revision: Revision) -> str:
        """Return whose change it was."""
        return revision.actor_label

    @admin.display(description="Concerns")
    def concerns(self, revision: Revision) -> str:
        """Return which flags and segments changed."""
        keys = [f"{item.kind} {item.key}" for item in revision.items.all()]
        more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        return ", ".join(keys[:SHOWN]) + more or "-"

    @admin.display(description="Delta")
    def delta_shown(self, revision: Revision) -> SafeString:
        """Return the delta as it is read."""
        return markup.json(orjson.loads(revision.delta))
