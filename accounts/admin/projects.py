"""Projects, and the people in them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of, actor_of
from accounts.forms import ProjectForm, ServiceForm
from accounts.models import Project
from accounts.querysets import people_of
from accounts.roles import Ability, Role
from accounts.services import create_project, grant_role, update_project

KEPT_OF_CONTEXTS = (
    "When the server decides flags, it remembers the ids of the contexts that it saw last, so that a review can say "
    "who gains and who loses by a change, and records who got what, and why. Of their attributes it keeps those listed "
    "here and nothing else: name what rules ask about, and leave out what concerns nobody, such as e-mail addresses. "
    "What is taken off the list is not shown any more at once. "
    "Where ids are kept only as hashes, evaluations are recorded under a hash from then on, made with a secret of the "
    "project, and no contexts are remembered for reviews; what was recorded before stays until its time is over, "
    "unless an operator deletes it with manage.py forget_evaluations."
)
"""Stands above what may be kept of contexts."""


@admin.register(Project)
class ProjectAdmin(GuardedAdmin):
    """What roles are granted on. A project is never deleted here: its flags may be in use."""

    changed_by = Ability.MANAGE
    form = ProjectForm
    add_form = ServiceForm

    list_display = ("name", "key", "environment_count", "created_at")
    search_fields = ("key", "name")
    add_fieldsets = ((None, {"fields": ("key", "name", "description")}),)
    fieldsets = (
        (None, {"fields": ("key", "name", "description")}),
        (
            "What is kept of contexts",
            {"fields": ("recorded_attributes", "hash_context_ids"), "description": KEPT_OF_CONTEXTS},
        ),
        ("People", {"fields": ("people",)}),
        ("Let somebody in", {"fields": ("person", "role")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the projects with what the list shows of them."""
        return super().get_queryset(request).annotate(environments_held=Count("environments"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this is a superuser."""
        return access_of(request).unlimited

    def get_fieldsets(self, request: HttpRequest, obj: Project | None = None) -> Any:
        """Leave out for readers what lets people in."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj is None or self.has_change_permission(request, obj) else fieldsets[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        """Return what never changes."""
        del request
        return () if obj is None else ("key", "people")

    @admin.display(description="Environments", ordering="environments_held")
    def environment_count(self, project: Any) -> int:
        """Return how many environments there are."""
        return int(project.environments_held)

    @admin.display(description="People with a role")
    def people(self, project: Project) -> SafeString | str:
        """Return who has which role."""
        return (
            format_html_join(
                "",
                '<div class="py-1"><a class="text-link" href="{}">{}</a> · {}</div>',
                (
                    (reverse("admin:accounts_user_change", args=[user.pk]), user, role)
                    for user, role in people_of(project)
                ),
            )
            or "Nobody yet; superusers reach every project."
        )

    def create(self, request: HttpRequest, form: Any) -> Project:
        """Create the project."""
        return create_project(**form.cleaned_data, by=actor_of(request))

    def update(self, request: HttpRequest, row: Project, form: Any) -> None:
        """Rename the project; let somebody in."""
        data, by = form.cleaned_data, actor_of(request)
        update_project(
            row,
            by=by,
            name=data["name"],
            description=data["description"],
            recorded_attributes=data["recorded_attributes"],
            hash_context_ids=data["hash_context_ids"],
        )
        if data["person"]:
            grant_role(user=data["person"], role=Role(data["role"]), project=row, by=by)
