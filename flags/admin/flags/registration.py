"""Flags in the admin: what is edited is proposed and leads to its review."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin.requests import actor_of
from accounts.querysets import first_environment
from accounts.roles import Ability
from flags.admin.deciding.evaluations import EvaluationPages
from flags.admin.flags.listing import FlagList
from flags.admin.flags.page import FlagPage
from flags.admin.reviews.proposing import lead_to_review
from flags.admin.reviews.revising import lead_back_to_review, revised
from flags.admin.usage.insights import InsightPages
from flags.editing.edits import FlagDeletion, FlagEdit
from flags.models import Flag
from flags.services import create_flag


@admin.register(Flag)
class FlagAdmin(InsightPages, EvaluationPages, FlagList, FlagPage):
    """Flags."""

    project_path = "project"
    added_by = changed_by = deleted_by = Ability.EDIT

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
