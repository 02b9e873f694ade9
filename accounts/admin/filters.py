"""Filters of lists that offer only what the person may see; Django's own would name everybody's projects."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.requests import access_of
from accounts.models import Environment, Project
from accounts.querysets import people_in
from accounts.roles import Ability


class ProjectFilter(SimpleListFilter):
    """Rows of one project."""

    title = "project"
    parameter_name = "project"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the projects that the person may see."""
        self.path = model_admin.project_key_path
        return list(access_of(request).projects(Ability.VIEW).values_list("key", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the chosen project."""
        del request
        return chosen(self, queryset, self.path)


class ProjectOfPersonFilter(ProjectFilter):
    """People who have a role in one project, of their own or through a group."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the projects that the person may see."""
        del model_admin
        return list(access_of(request).projects(Ability.VIEW).values_list("key", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the people of the chosen project."""
        del request
        if self.value() is None:
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(pk__in=people_in(Project.objects.filter(key=self.value())).values("pk"))


class EnvironmentFilter(SimpleListFilter):
    """Rows of the environments of one name, in whatever project."""

    title = "environment"
    parameter_name = "environment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the environments that the person may see, each name once."""
        del model_admin
        seen = Environment.objects.filter(project__in=access_of(request).projects(Ability.VIEW))
        return list(dict(seen.order_by("position", "key").values_list("key", "name")).items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the chosen environment."""
        del request
        return chosen(self, queryset, "environment__key")


def chosen(listed: SimpleListFilter, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """Keep what is chosen; nothing, when it is something that is not offered."""
    value = listed.value()
    if value is None:
        return rows
    return rows.filter(**{path: value}) if value in dict(listed.lookup_choices) else rows.none()
