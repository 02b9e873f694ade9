"""What SDKs report, to be read only.

There may be millions of rows: the newest come first in the order in which they were written, which needs no sorting,
and nobody counts them.
"""

from django.contrib import admin
from unfold.paginator import InfinitePaginator

from accounts.admin.filters import EnvironmentFilter, ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from flags.contexts import shown_id
from flags.models import EvaluationCount, TrackedEvent


@admin.register(EvaluationCount)
class EvaluationCountAdmin(GuardedAdmin):
    """How often flags were evaluated."""

    has_history = False
    paginator = InfinitePaginator
    ordering = ("-pk",)
    project_path = "environment__project"
    list_display = ("minute", "environment", "flag_key", "variation", "reason", "count")
    list_display_links = None
    list_filter = (ProjectFilter, EnvironmentFilter)
    search_fields = ("flag_key",)
    fields = ("environment", "flag_key", "variation", "reason", "minute", "count")


@admin.register(TrackedEvent)
class TrackedEventAdmin(GuardedAdmin):
    """What contexts did."""

    has_history = False
    paginator = InfinitePaginator
    ordering = ("-pk",)
    project_path = "environment__project"
    list_display = ("time", "environment", "name", "shown_context_id", "value")
    list_display_links = None
    list_filter = (ProjectFilter, EnvironmentFilter)
    search_fields = ("name", "context_id")
    fields = ("environment", "name", "shown_context_id", "value", "time")

    @admin.display(description="context id", ordering="context_id")
    def shown_context_id(self, event: TrackedEvent) -> str:
        """Return whose it is, as far as the project lets it be known."""
        project = event.environment.project
        return shown_id(event.context_id, salt=project.context_salt, hashed=project.hash_context_ids)
