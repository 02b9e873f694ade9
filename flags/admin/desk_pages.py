"""What the pages about flags share that are neither list nor form: the project that is meant, and the frame."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of
from accounts.models import Environment, Project
from accounts.roles import Ability
from flags.models import Flag


class DeskPages(GuardedAdmin):
    """Pages beside Django's own."""

    def desk_page(self, request: HttpRequest, name: str, about: dict[str, Any]) -> HttpResponse:
        """Return a page of `templates/admin/flags/desk`."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, **about}
        return TemplateResponse(request, f"admin/flags/desk/{name}.html", context)

    def projects_seen(self, request: HttpRequest) -> list[Project]:
        """Return the projects that the person may see."""
        return list(access_of(request).projects(Ability.VIEW).order_by("name", "key"))

    def flag_of_page(self, request: HttpRequest, pk: int) -> Flag:
        """Return the flag that a page is about, with its project.

        Raises:
            Http404: when there is none that the person may see.
        """
        flags = Flag.objects.filter(pk=pk, project__in=access_of(request).projects(Ability.VIEW))
        found = flags.select_related("project").first()
        if found is None:
            raise Http404
        return found


def project_meant(projects: list[Project], key: str) -> Project:
    """Return the project of this key or, when none is named, the first.

    Raises:
        Http404: when there is none.
    """
    found = next((project for project in projects if not key or project.key == key), None)
    if found is None:
        raise Http404
    return found


def environments_of(project: Project) -> list[Environment]:
    """Return the project's environments in their order."""
    return list(project.environments.select_related("project").order_by("position", "key"))


def environment_meant(environments: list[Environment], key: str) -> Environment:
    """Return the environment of this key, by default the last: production, as a rule.

    Raises:
        Http404: when there is none.
    """
    found = [each for each in environments if each.key == key] if key else environments[-1:]
    if not found:
        raise Http404
    return found[0]


def asked_for(request: HttpRequest, name: str) -> str:
    """Return a parameter of the address or of the form, without what no row can hold."""
    sent = request.POST if request.method == "POST" else request.GET
    return sent.get(name, "").replace("\0", "").strip()
