"""Ramps in the admin: the list of all of them. A ramp begins on the page of its flag."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import markup
from accounts.admin.filters import EnvironmentFilter, ProjectFilter, chosen
from flagsite.lib import clock
from flagsite.lib.ago import ago
from rollouts.admin.ramp_form import RampForms
from rollouts.admin.summary import COLOURS, stands_at, summary_of
from rollouts.models import Ramp
from rollouts.wording import percent


class RampEnvironmentFilter(EnvironmentFilter):
    """Ramps in the environments of one name."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the ramps of the chosen environment."""
        del request
        return chosen(self, queryset, "state__environment__key")


@admin.register(Ramp)
class RampAdmin(RampForms):
    """All ramps: those that run, and what became of the others."""

    project_path = "state__environment__project"
    has_history = False

    list_display = ("flag_key", "where", "status_pill", "bar", "what_is_next", "started_by", "started")
    list_filter = (ProjectFilter, RampEnvironmentFilter, "status")
    list_select_related = ("state__flag", "state__environment__project")
    search_fields = ("state__flag__key", "state__flag__name", "author_label", "comment")
    search_help_text = "Flag, who started it, or why"
    ordering = ("-started_at",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ramp]:
        """Return the ramps with their flags and steps."""
        rows: QuerySet[Ramp] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related).prefetch_related("steps")

    @admin.display(description="Flag", ordering="state__flag__key")
    def flag_key(self, ramp: Ramp) -> SafeString:
        """Return the key of the flag, and below it that only a rule is moved."""
        about = "one of its rules" if ramp.rule else ""
        key = ramp.state.flag.key
        return format_html('<span class="flag-key">{}</span><span class="flag-name">{}</span>', key, about)

    @admin.display(description="Environment", ordering="state__environment")
    def where(self, ramp: Ramp) -> str:
        """Return the environment."""
        return str(ramp.state.environment)

    @admin.display(description="Status", ordering="status")
    def status_pill(self, ramp: Ramp) -> SafeString:
        """Return what the ramp is doing; why it does not go on, when pointed at."""
        status = Ramp.Status(ramp.status)
        return markup.pill(status.label, COLOURS[status], ramp.reason[:200])

    @admin.display(description="At", ordering="percentage")
    def bar(self, ramp: Ramp) -> SafeString:
        """Return how far it has come, as a bar and as a number."""
        return format_html(
            '<span class="ramp-cell"><svg class="ramp-mini" viewBox="0 0 100 6" preserveAspectRatio="none" '
            'aria-hidden="true"><rect x="0" y="0" height="6" width="{}"></rect></svg>{}</span>',
            float(stands_at(ramp)),
            percent(stands_at(ramp)),
        )

    @admin.display(description="Next")
    def what_is_next(self, ramp: Ramp) -> str:
        """Return the next step."""
        return summary_of(ramp, now=clock.now()).following.removeprefix("Next: ") or "-"

    @admin.display(description="By", ordering="author_label")
    def started_by(self, ramp: Ramp) -> str:
        """Return who started it."""
        return ramp.author_label

    @admin.display(description="Started", ordering="started_at")
    def started(self, ramp: Ramp) -> SafeString:
        """Return how long ago it was started."""
        at = ramp.started_at
        return format_html('<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), f"{at:%F %H:%M}", ago(at, 1))
