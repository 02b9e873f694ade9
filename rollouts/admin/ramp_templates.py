"""The team's own templates of ramps: list, form, deletion. Those that come with Flagsite are no rows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import actor_of
from accounts.forms import ProjectChoice, ServiceForm
from accounts.models import Project
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import InputError
from flagsite.lib.text_fields import JsonTextField
from rollouts import services
from rollouts.admin.drafts import Draft, told
from rollouts.admin.form_data import guardrail_data
from rollouts.admin.preview import preview_of
from rollouts.models import RampTemplate


class RampTemplateForm(ServiceForm):
    """What a template is called, its steps and its guardrails; the scripts of the page write the last two."""

    steps = JsonTextField(required=False)
    guardrails = JsonTextField(required=False)

    class Meta:
        model = RampTemplate
        fields = ("name", "steps", "guardrails")


class NewRampTemplateForm(RampTemplateForm):
    """The same, with what never changes."""

    project = ProjectChoice(Ability.EDIT)
    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = RampTemplate
        fields = ("project", "key", "name", "steps", "guardrails")


@admin.register(RampTemplate)
class RampTemplateAdmin(GuardedAdmin):
    """Templates of ramps that teams have made."""

    project_path = "project"
    added_by = changed_by = deleted_by = Ability.EDIT
    form = RampTemplateForm
    add_form = NewRampTemplateForm
    add_fieldsets = ((None, {"fields": ("project", "key", "name", "steps", "guardrails")}),)
    change_form_template = add_form_template = "admin/rollouts/template_form.html"

    list_display = ("name", "key", "project", "steps_in_words", "number_of_guardrails")
    list_filter = (ProjectFilter,)
    search_fields = ("key", "name")

    def get_urls(self) -> list[Any]:
        """Add the address that says what a template would do."""
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("preview/", view, name="rollouts_ramptemplate_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> JsonResponse:
        """Say what the template that is being written would do, or what is wrong with it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        draft = Draft.read(request.POST)
        found = preview_of(draft.steps, draft.guardrails, now=clock.now(), present=Decimal(0))
        return JsonResponse({**found.document, "first": ""})

    def get_fieldsets(self, request: HttpRequest, obj: RampTemplate | None = None) -> Any:
        """Return the fields: of a form, or in words to those who may change nothing."""
        if obj is None:
            return self.add_fieldsets
        fields = ("project", "key", "name")
        rest = ("steps", "guardrails") if self.has_change_permission(request, obj) else ()
        return [(None, {"fields": (*fields, *rest)})]

    def get_readonly_fields(self, request: HttpRequest, obj: RampTemplate | None = None) -> tuple[str, ...]:
        """Return what never changes."""
        del request
        return () if obj is None else ("project", "key")

    @admin.display(description="Steps")
    def steps_in_words(self, template: RampTemplate) -> str:
        """Return the percentages."""
        return " → ".join(f"{step['percentage']} %" for step in template.steps)

    @admin.display(description="Guardrails")
    def number_of_guardrails(self, template: RampTemplate) -> int | str:
        """Return how many there are."""
        return len(template.guardrails) or "-"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what the scripts of the page are told; to those who may change nothing, what the template would do."""
        form, template = context["adminform"].form, context.get("original")
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if template is None or self.has_change_permission(request, template):
            context["written"] = [form["steps"], form["guardrails"]]
            context["page_data"] = orjson.dumps(_page_data(form)).decode()
        else:
            context["preview"] = preview_of(template.steps, template.guardrails, now=clock.now(), present=Decimal(0))
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    # --- what is saved ---------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> RampTemplate:
        """Create the template."""
        return _save(request, form.cleaned_data["project"], form.cleaned_data["key"], form)

    def update(self, request: HttpRequest, row: RampTemplate, form: Any) -> None:
        """Replace what the template holds."""
        _save(request, row.project, row.key, form)

    def remove(self, request: HttpRequest, row: RampTemplate) -> None:
        """Delete the template."""
        services.delete_ramp_template(project=row.project, key=row.key, by=actor_of(request))


def _save(request: HttpRequest, project: Project, key: str, form: Any) -> RampTemplate:
    cleaned = form.cleaned_data
    return services.save_ramp_template(
        project=project,
        key=key,
        name=cleaned["name"],
        steps=cleaned["steps"] or [],
        guardrails=cleaned["guardrails"] or [],
        by=actor_of(request),
    )


def _page_data(form: Any) -> dict[str, Any]:
    """Return what the page's scripts need; steps and guardrails as they were sent, or as they are."""
    refused: Sequence[InputError] = form.refusal.errors if form.refusal is not None else ()
    sent = Draft.read(form.data) if form.is_bound else Draft(form.instance.steps or [], form.instance.guardrails or [])
    return {
        **guardrail_data(None),
        "draft": sent.document,
        "problems": told(tuple(error for error in refused if error.path.startswith(("steps", "guardrails")))),
        "preview": reverse("admin:rollouts_ramptemplate_preview"),
        "begun": False,
    }
