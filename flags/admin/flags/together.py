"""Changing many flags together: the list's actions, the page that asks what they need to know, and the review."""

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.admin.requests import access_of
from accounts.models import Environment, Project
from accounts.roles import Ability
from flags.admin.desk_pages import DeskPages
from flags.admin.flags.together_form import TogetherForm, edits_of, title_of, too_many_tags
from flags.admin.reviews.proposing import lead_to_review
from flags.editing.edits import Edit
from flags.models import Flag
from flagsite.lib.problems import InvalidInput, NotAllowed, Refusal

MAX_TOGETHER: Final = 100
"""Flags that are changed by one step."""
LONGEST_ID: Final = 18


class TogetherPages(DeskPages):
    """Steps with all the flags that were picked. Each becomes one change request."""

    actions = ("turn_on", "turn_off", "add_tag", "remove_tag", "delete_together")  # type: ignore[assignment]  # elsewhere there are none

    def get_urls(self) -> list[Any]:
        """Add where the page is sent."""
        view = self.admin_site.admin_view(require_POST(self.together_view))
        return [path("together/", view, name="flags_flag_together"), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return what can be done with several flags, to those who may; not Django's deletion past the services."""
        found: dict[str, Any] = super().get_actions(request) if self.has_change_permission(request) else {}
        found.pop("delete_selected", None)
        return found

    def together_view(self, request: HttpRequest) -> HttpResponse:
        """Propose one change of all the flags that were picked."""
        sent = [one for one in request.POST.getlist("flag") if one.isdecimal() and len(one) <= LONGEST_ID]
        flags = list(self.get_queryset(request).filter(pk__in=sent).order_by("key")[: MAX_TOGETHER + 1])
        problem = _problem(flags)
        if problem:
            messages.error(request, problem)
            return HttpResponseRedirect(self.address("changelist"))
        form = TogetherForm(request.POST, environments=_environments(flags))
        if not form.is_valid():
            if "what" in form.errors:
                raise Http404
            return self._page(request, flags, form)
        edits = edits_of(flags, form.cleaned_data)
        return self.reviewed(request, flags[0].project, edits, comment=form.cleaned_data["comment"])

    @admin.action(description="Turn on in an environment")
    def turn_on(self, request: HttpRequest, flags: QuerySet[Flag]) -> HttpResponse | None:
        """Turn the picked flags on."""
        return self._begin(request, flags, "on")

    @admin.action(description="Turn off in an environment")
    def turn_off(self, request: HttpRequest, flags: QuerySet[Flag]) -> HttpResponse | None:
        """Turn the picked flags off."""
        return self._begin(request, flags, "off")

    @admin.action(description="Add a tag")
    def add_tag(self, request: HttpRequest, flags: QuerySet[Flag]) -> HttpResponse | None:
        """Give the picked flags a tag."""
        return self._begin(request, flags, "tag")

    @admin.action(description="Remove a tag")
    def remove_tag(self, request: HttpRequest, flags: QuerySet[Flag]) -> HttpResponse | None:
        """Take a tag from the picked flags."""
        return self._begin(request, flags, "untag")

    @admin.action(description="Delete")
    def delete_together(self, request: HttpRequest, flags: QuerySet[Flag]) -> HttpResponse | None:
        """Delete the picked flags."""
        return self._begin(request, flags, "delete")

    def reviewed(self, request: HttpRequest, project: Project, edits: list[Edit], comment: str = "") -> HttpResponse:
        """Propose the edits and lead to their review; when they are refused, say why and lead back to the list."""
        back = self.address("changelist")
        if not access_of(request).may(Ability.EDIT, project.pk):
            raise PermissionDenied
        try:
            crowded = too_many_tags(edits)
            if crowded:
                raise InvalidInput.at("tags", f"{crowded[0]} has as many tags as a flag may have.")
            if not edits:
                messages.info(request, "Nothing would change: everything already is so.")
                return HttpResponseRedirect(back)
            address = lead_to_review(request, project=project, edits=edits, comment=comment, otherwise=back)
            return HttpResponseRedirect(address)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(back)

    def _begin(self, request: HttpRequest, flags: QuerySet[Flag], what: str) -> HttpResponse | None:
        """Ask what the step needs to know, for the flags that were picked."""
        picked = list(flags[: MAX_TOGETHER + 1])
        problem = _problem(picked)
        if problem:
            messages.error(request, problem)
            return None
        if not access_of(request).may(Ability.EDIT, picked[0].project_id):
            raise PermissionDenied
        return self._page(request, picked, TogetherForm(environments=_environments(picked), initial={"what": what}))

    def _page(self, request: HttpRequest, flags: list[Flag], form: TogetherForm) -> HttpResponse:
        title = title_of(form["what"].value(), len(flags))
        fields = [form[name] for name in form.asks_for()]
        return self.desk_page(request, "together", {"flags": flags, "form": form, "fields": fields, "title": title})


def _problem(flags: list[Flag]) -> str:
    """Return why these flags cannot be changed together; empty when they can."""
    if not flags:
        return "Pick at least one flag."
    if len(flags) > MAX_TOGETHER:
        return f"At most {MAX_TOGETHER} flags are changed together."
    if len({flag.project_id for flag in flags}) > 1:
        return "Pick flags of one project: a change is reviewed project by project."
    return ""


def _environments(flags: list[Flag]) -> list[Environment]:
    return [state.environment for state in flags[0].states.all()]
