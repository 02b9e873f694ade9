"""Environments in the admin.

They belong to accounts, but opening one puts every flag into it, which only this app can do; so their pages are here.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin import markup
from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import actor_of
from accounts.models import Environment
from accounts.roles import Ability
from accounts.services import update_environment
from flags.forms.environments import NewEnvironmentForm
from flags.services import open_environment


@admin.register(Environment)
class EnvironmentAdmin(GuardedAdmin):
    """Where flags have their state. An environment is never deleted here: its SDKs would stand in the rain."""

    project_path = "project"
    added_by = changed_by = Ability.MANAGE
    add_form = NewEnvironmentForm

    list_display = ("name", "key", "project", "asks_for", "position", "revision", "created_at")
    list_filter = (ProjectFilter,)
    search_fields = ("key", "name")
    add_fieldsets = ((None, {"fields": ("project", "key", "name", "comment")}),)
    fieldsets = (
        (None, {"fields": ("project", "key", "name", "position", "revision", "created_at")}),
        (
            "What a change asks for",
            {
                "fields": ("is_protected", "requires_approval"),
                "description": "Both hold for every road: admin, REST API and commands that act for a person. "
                "Turning a flag off in an emergency asks for neither, and the history marks it.",
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Environment | None = None) -> tuple[str, ...]:
        """Return what never changes by hand."""
        del request
        return () if obj is None else ("project", "key", "revision", "created_at")

    @admin.display(description="A change asks for")
    def asks_for(self, environment: Environment) -> SafeString | str:
        """Return what a change asks for beside a role."""
        asked = {"a comment": environment.is_protected, "an approval": environment.requires_approval}
        pills = [markup.pill(what, "warning") for what, is_asked in asked.items() if is_asked]
        return markup.pills(pills) if pills else "-"

    def create(self, request: HttpRequest, form: Any) -> Environment:
        """Open the environment, with every flag of the project disabled."""
        return open_environment(**form.cleaned_data, by=actor_of(request))

    def update(self, request: HttpRequest, row: Environment, form: Any) -> None:
        """Rename or move the environment."""
        update_environment(
            row,
            by=actor_of(request),
            name=form.cleaned_data["name"],
            position=form.cleaned_data["position"],
            is_protected=form.cleaned_data["is_protected"],
            requires_approval=form.cleaned_data["requires_approval"],
        )
