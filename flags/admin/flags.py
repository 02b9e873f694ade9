"""Flags in the admin: the list; what is edited is proposed and leads to its review."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.admin import markup
from accounts.admin.filters import ProjectFilter, chosen
from accounts.admin.requests import access_of, actor_of
from accounts.querysets import first_environment
from accounts.roles import Ability
from flags.admin.flag_list import FlagList
from flags.admin.flag_page import FlagPage
from flags.admin.proposing import lead_to_review
from flags.admin.revising import lead_back_to_review, revised
from flags.documents import percentage_number
from flags.edits import FlagDeletion, FlagEdit
from flags.models import Flag, FlagState, FlagTag
from flags.querysets import with_states
from flags.services import create_flag


class TagFilter(SimpleListFilter):
    """Flags that carry one tag."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tags of the flags that the person may see."""
        del model_admin
        tags = FlagTag.objects.filter(flag__project__in=access_of(request).projects(Ability.VIEW))
        return [(name, name) for name in tags.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the flags with the chosen tag."""
        del request
        return chosen(self, queryset, "tags__name")


@admin.register(Flag)
class FlagAdmin(FlagList, FlagPage):
    """Flags."""

    project_path = "project"
    added_by = changed_by = deleted_by = Ability.EDIT

    list_display = ("key", "name", "type", "tag_pills", "state_pills", "project", "updated_at")
    list_filter = (ProjectFilter, TagFilter, "type")
    search_fields = ("key", "name", "description")
    ordering = ("key",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        """Return the flags with their states, for the list as for the page."""
        return with_states(super().get_queryset(request))

    # --- the list --------------------------------------------------------------------------------------------------

    @admin.display(description="Tags")
    def tag_pills(self, flag: Flag) -> SafeString | str:
        """Return the flag's tags."""
        return markup.pills(markup.pill(tag) for tag in flag.tag_names()) if flag.tag_names() else "-"

    @admin.display(description="Environments")
    def state_pills(self, flag: Flag) -> SafeString:
        """Return what the flag does in each environment."""
        return markup.pills(markup.pill(*_summary(state)) for state in flag.states.all())

    def response_add(self, request: HttpRequest, obj: Flag, post_url_continue: str | None = None) -> HttpResponse:
        """Lead to the flag's page, where its environments are set."""
        posted = request.POST.copy()
        posted["_continue"] = "1"
        request.POST = posted  # type: ignore[assignment]  # a mutable QueryDict, as Django's own pages put it there
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        return answer

    # --- what is saved ---------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> Flag:
        """Create the flag, disabled in every environment."""
        project = form.cleaned_data["project"]
        state = create_flag(
            project=project,
            environment=first_environment(project),
            key=form.cleaned_data["key"],
            fields=form.new_fields(),
            by=actor_of(request),
            comment=form.cleaned_data["comment"],
        )
        return state.flag

    def update(self, request: HttpRequest, row: Flag, form: Any) -> str:
        """Propose what the form changes, of what was shown; nothing changes before it was reviewed."""
        shared, states, seen = form.shared_changes(), form.state_changes(), form.versions_seen()
        touched = {key: version for key, version in seen.items() if shared or key in states}
        edit = FlagEdit(row.key, shared=shared, states=states, versions=touched)
        revising = revised(request, row)
        if revising:
            return lead_back_to_review(request, revising[0], edit)
        return lead_to_review(
            request,
            project=row.project,
            edits=[edit],
            comment=form.cleaned_data["comment"],
            otherwise=self.address("change", row.pk),
        )

    def remove(self, request: HttpRequest, row: Flag) -> str:
        """Propose to delete the flag."""
        versions = {state.environment.key: state.version for state in row.states.all()}
        return lead_to_review(
            request,
            project=row.project,
            edits=[FlagDeletion(row.key, versions)],
            otherwise=self.address("change", row.pk),
        )


def _summary(state: FlagState) -> tuple[str, str, str]:
    """Return what a state does in a few words, a colour for it, and where it is."""
    where, percentage = state.environment, percentage_number(state.rollout_percentage)
    if not state.enabled:
        return f"{where.key}: off", "", where.name
    rules, targets = len(state.rules), len(state.targets)
    parts = ["on" if percentage == 100 else f"{percentage} %"]  # noqa: PLR2004 - a percentage
    parts += [f"{rules} rule{'s' * (rules > 1)}"] * bool(rules) + ["targets"] * bool(targets)
    return f"{where.key}: {' · '.join(parts)}", "success" if parts == ["on"] else "info", where.name
