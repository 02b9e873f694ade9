"""Flags in the admin: one page with what is shared and a tab for each environment."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.admin import markup
from accounts.admin.filters import ProjectFilter, chosen
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of, actor_of
from accounts.querysets import first_environment
from accounts.roles import Ability
from flags.documents import percentage_number, state_document
from flags.forms import LABELS, STATE_FIELDS, NewFlagForm, field_name, form_of
from flags.models import Flag, FlagState, FlagTag
from flags.querysets import with_states
from flags.services import create_flag, delete_flag, update_flag_everywhere


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
class FlagAdmin(GuardedAdmin):
    """Flags."""

    project_path = "project"
    added_by = changed_by = deleted_by = Ability.EDIT
    add_form = NewFlagForm

    list_display = ("key", "name", "type", "tag_pills", "state_pills", "project", "updated_at")
    list_filter = (ProjectFilter, TagFilter, "type")
    search_fields = ("key", "name", "description")
    ordering = ("key",)
    add_fieldsets = (
        (None, {"fields": ("project", "key", "name", "description", "type", "tags", "variations", "comment")}),
    )

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

    # --- the page --------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Flag | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, with the fields of each environment."""
        if obj is not None:
            kwargs["form"] = form_of(list(obj.states.all()))
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Flag | None = None) -> Any:
        """Show what is shared, then a tab for each environment: fields to editors, text to viewers."""
        if obj is None:
            return self.add_fieldsets
        known = ["project", "key", "type", "name", "description"]
        if self.has_change_permission(request, obj):
            shared = [*known, "tags", "variations", "comment"]
            tabs = [[field_name(state, name) for name in (*STATE_FIELDS, "version")] for state in obj.states.all()]
        else:
            shared = [*known, "tag_pills", "variations_shown"]
            tabs = [[_shown(state, name) for name in STATE_FIELDS] for state in obj.states.all()]
        names = [f"{state.environment.name} ({state.environment.key})" for state in obj.states.all()]
        own = [(name, {"fields": tab, "classes": ["tab"]}) for name, tab in zip(names, tabs, strict=True)]
        return [(None, {"fields": shared}), *own]

    def get_readonly_fields(self, request: HttpRequest, obj: Flag | None = None) -> tuple[str, ...]:
        """Return what never changes."""
        del request
        return () if obj is None else ("project", "key", "type", "tag_pills", "variations_shown")

    @admin.display(description="Variations")
    def variations_shown(self, flag: Flag) -> SafeString:
        """Return the variations as they are read."""
        return markup.json(flag.variations)

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

    def update(self, request: HttpRequest, row: Flag, form: Any) -> None:
        """Change the flag wherever the form changes it, if it still is what was shown."""
        update_flag_everywhere(
            project=row.project,
            key=row.key,
            shared=form.shared_changes(),
            states=form.state_changes(),
            if_versions=form.versions_seen(),
            by=actor_of(request),
            comment=form.cleaned_data["comment"],
        )

    def remove(self, request: HttpRequest, row: Flag) -> None:
        """Delete the flag, unless others require it."""
        project = row.project
        delete_flag(project=project, environment=first_environment(project), key=row.key, by=actor_of(request))


def _summary(state: FlagState) -> tuple[str, str, str]:
    """Return what a state does in a few words, a colour for it, and where it is."""
    where, percentage = state.environment, percentage_number(state.rollout_percentage)
    if not state.enabled:
        return f"{where.key}: off", "", where.name
    rules, targets = len(state.rules), len(state.targets)
    parts = ["on" if percentage == 100 else f"{percentage} %"]  # noqa: PLR2004 - a percentage
    parts += [f"{rules} rule{'s' * (rules > 1)}"] * bool(rules) + ["targets"] * bool(targets)
    return f"{where.key}: {' · '.join(parts)}", "success" if parts == ["on"] else "info", where.name


def _shown(state: FlagState, name: str) -> Any:
    """Return a field of a state for those who may only read it."""
    document = state_document(state)

    @admin.display(description=LABELS[name], boolean=name == "enabled")
    def value(flag: Flag) -> Any:
        del flag
        return (
            document[name]
            if name in {"enabled", "off_variation", "rollout_percentage"}
            else markup.json(document[name])
        )

    return value
