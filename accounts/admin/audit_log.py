"""The audit log, to be read by those whose projects it concerns."""

from collections.abc import Callable
from typing import Any

import auditlog.admin  # noqa: F401 - registers its own page, which ours replaces
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.actors import Source
from accounts.admin import markup
from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of
from accounts.audit import Entrance
from accounts.models import User
from accounts.roles import Ability

KINDS = {
    LogEntry.Action.CREATE: ("Created", "success"),
    LogEntry.Action.UPDATE: ("Changed", "info"),
    LogEntry.Action.DELETE: ("Deleted", "danger"),
}

ENTRANCES = {
    Entrance.SIGNED_IN: ("Signed in", "success"),
    Entrance.SIGNED_OUT: ("Signed out", ""),
    Entrance.FAILED: ("Failed to sign in", "warning"),
    Entrance.LOCKED_OUT: ("Locked out", "danger"),
}


class KindFilter(SimpleListFilter):
    """Changes of one kind, or what happened at the door."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds of changes and of entrances."""
        del request, model_admin
        changes = [(label.lower(), label) for label, _ in KINDS.values()]
        return changes + [(entrance.value, label) for entrance, (label, _) in ENTRANCES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the entries of the chosen kind."""
        del request
        for action, (label, _) in KINDS.items():
            if self.value() == label.lower():
                return queryset.filter(action=action)
        return queryset.filter(additional_data__event=self.value()) if self.value() else queryset


class SourceFilter(SimpleListFilter):
    """Changes that came by one road."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the roads by which changes come."""
        del request, model_admin
        return [(source.value, source.value.title()) for source in Source]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the entries of the chosen road."""
        del request
        return queryset.filter(additional_data__source=self.value()) if self.value() else queryset


_address: list[Callable[[LogEntry], str]] = []


def lead_entries_to(address: Callable[[LogEntry], str]) -> None:
    """Let entries lead to what an upper app has on them, such as the review of a change; empty: nowhere."""
    _address[:] = [address]


admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class LogEntryAdmin(GuardedAdmin):
    """Who changed what, when, from what to what; who came and went. Nobody writes here, and nobody deletes."""

    has_history = False
    project_key_path = "additional_data__project"
    list_display = ("timestamp", "who", "kind", "what", "where", "source", "why")
    list_display_links = ("timestamp",)
    list_filter = (KindFilter, ProjectFilter, SourceFilter)
    list_select_related = ("actor", "content_type")
    search_fields = ("object_repr", "actor__username")
    ordering = ("-timestamp", "-id")
    date_hierarchy = "timestamp"
    readonly_fields = ("timestamp", "who", "kind", "what", "where", "source", "why", "remote_addr", "difference")
    fieldsets = ((None, {"fields": readonly_fields[:-1]}), ("From what to what", {"fields": ("difference",)}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Return the entries of the projects that the person may see, and of what they did or others as they tried."""
        rows: QuerySet[LogEntry] = LogEntry.objects.select_related("actor", "content_type").order_by(*self.ordering)
        access = access_of(request)
        if access.unlimited:
            return rows
        seen = list(access.projects(Ability.VIEW).values_list("key", flat=True))
        at_their_door = Q(
            action=LogEntry.Action.ACCESS,
            content_type=ContentType.objects.get_for_model(User),
            object_pk=str(access.user.pk),
        )
        return rows.filter(Q(additional_data__project__in=seen) | Q(actor=access.user) | at_their_door)

    def has_view_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """Tell whether the person may see any entries; which ones, the rows themselves decide."""
        del obj
        return access_of(request).may(Ability.VIEW)

    @admin.display(description="Who", ordering="actor__username")
    def who(self, entry: Any) -> str:
        """Return whose change it was; who failed to sign in is not known."""
        unknown = "somebody" if _entrance(entry) else "-"
        return str(_about(entry, "actor") or entry.actor or unknown)

    @admin.display(description="What", ordering="object_repr")
    def what(self, entry: Any) -> SafeString | str:
        """Return what was changed, with the way to its review, or from where somebody came and as whom."""
        entrance = _entrance(entry)
        if entrance:
            proofs = " and ".join((entry.additional_data or {}).get("proofs", []))
            door = f"from {entry.remote_addr or 'an unknown address'}" + (f", by {proofs}" if proofs else "")
            return door if entrance.proven else f"as {entry.object_repr or 'nobody'}, {door}"
        named = f"{capfirst(entry.content_type.name)}: {entry.object_repr}"
        address = next(filter(None, (find(entry) for find in _address)), "")
        if not address:
            return named
        return format_html('{} <a class="font-medium underline" href="{}">The change request</a>', named, address)

    @admin.display(description="Change", ordering="action")
    def kind(self, entry: Any) -> SafeString:
        """Return what kind of change it was."""
        entrance = _entrance(entry)
        if entrance:
            return markup.pill(*ENTRANCES[entrance])
        return markup.pill(*KINDS.get(entry.action, ("Seen", "")))

    @admin.display(description="Where")
    def where(self, entry: Any) -> str:
        """Return the project and environment that it concerned."""
        return " / ".join(filter(None, [_about(entry, "project"), _about(entry, "environment")])) or "-"

    @admin.display(description="From")
    def source(self, entry: Any) -> str:
        """Return the road by which it came."""
        return _about(entry, "source") or "-"

    @admin.display(description="Why")
    def why(self, entry: Any) -> str:
        """Return the comment."""
        return _about(entry, "comment") or "-"

    @admin.display(description="Fields")
    def difference(self, entry: Any) -> SafeString:
        """Return each field that changed, before and after."""
        changes = entry.changes or {}
        return format_html_join(
            "",
            '<div class="difference"><b>{}</b>{}{}</div>',
            ((name, _side(old, "before"), _side(new, "after")) for name, (old, new) in changes.items()),
        )


def _side(value: Any, side: str) -> SafeString | str:
    return "" if value is None else markup.json(value, side)


def _entrance(entry: Any) -> Entrance | None:
    event = _about(entry, "event")
    return Entrance(event) if event else None


def _about(entry: Any, name: str) -> str:
    return str((entry.additional_data or {}).get(name) or "")
