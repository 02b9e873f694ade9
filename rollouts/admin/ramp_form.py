"""Starting a ramp, and changing what is still to come of one: the form, and what it would do while one writes."""

from typing import Any

import orjson
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST

from accounts.admin.requests import access_of, actor_of
from accounts.roles import Ability
from flags.models import FlagState
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, NotAllowed, Refusal
from rollouts import services
from rollouts.admin.drafts import Draft, told
from rollouts.admin.form_data import changing_data, draft_of, starting_data
from rollouts.admin.preview import preview_of
from rollouts.admin.ramp_page import RampPages
from rollouts.errors import RuleNotFound
from rollouts.models import Ramp
from rollouts.querysets import active_ramp
from rollouts.target import Target

SAVE_TEMPLATE = "_template"


class RampForms(RampPages):
    """The pages on which ramps are written."""

    def get_urls(self) -> list[Any]:
        """Add the pages."""
        guard, either = self.admin_site.admin_view, require_http_methods(["GET", "POST"])
        where = "start/<int:flag>/<str:environment>/"
        own = [
            path(where, guard(either(self.start_view)), name="rollouts_ramp_start"),
            path(f"{where}preview/", guard(require_POST(self.preview_view)), name="rollouts_ramp_preview"),
            path("<int:pk>/edit/", guard(either(self.edit_view)), name="rollouts_ramp_edit"),
        ]
        return [*own, *super().get_urls()]

    # --- starting one ----------------------------------------------------------------------------------------------

    def start_view(self, request: HttpRequest, flag: int, environment: str) -> HttpResponse:
        """Ask for a ramp, and start it."""
        state = self._state(request, flag, environment)
        present = active_ramp(state)
        if present is not None:
            messages.info(request, f"The flag has a ramp in {state.environment.name}: this is it.")
            return HttpResponseRedirect(self.address("change", present.pk))
        if request.method != "POST":
            return self._form(request, state, Draft(), None)
        draft = Draft.read(request.POST)
        if SAVE_TEMPLATE in request.POST:
            return self._form(request, state, draft, self._template_saved(request, state, draft))
        try:
            ramp = self._start(request, state, draft)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            return self._form(request, state, draft, refusal)
        messages.success(request, _started(ramp))
        return HttpResponseRedirect(self.address("change", ramp.pk))

    def _start(self, request: HttpRequest, state: FlagState, draft: Draft) -> Ramp:
        return services.start_ramp(
            project=state.environment.project,
            environment=state.environment,
            key=state.flag.key,
            steps=draft.steps,
            guardrails=draft.guardrails,
            rule=draft.rule,
            turn_on=draft.turn_on,
            watch_for=draft.watches_for,
            comment=draft.comment,
            by=actor_of(request),
        )

    def preview_view(self, request: HttpRequest, flag: int, environment: str) -> JsonResponse:
        """Say what the ramp that is being written would do, or what is wrong with it."""
        state, draft = self._state(request, flag, environment), Draft.read(request.POST)
        running = active_ramp(state)
        if running is None:
            present = _present(state, draft.rule)
            found = preview_of(draft.steps, draft.guardrails, now=clock.now(), present=present)
        else:
            since = running.stepped_at if running.has_begun else None
            present, above = _present(state, running.rule), running.percentage
            found = preview_of(
                draft.steps, draft.guardrails, now=clock.now(), present=present, above=above, since=since
            )
        return JsonResponse(found.document)

    def _state(self, request: HttpRequest, flag: int, environment: str) -> FlagState:
        """Return the state that a ramp is about.

        Raises:
            Http404: when there is none that the person may see.
            PermissionDenied: when they may not edit it.
        """
        rows = FlagState.objects.select_related("flag", "environment__project")
        seen = access_of(request).projects(Ability.VIEW)
        state = rows.filter(flag=flag, environment__key=environment.replace("\0", ""), flag__project__in=seen).first()
        if state is None:
            raise Http404
        if not access_of(request).may(Ability.EDIT, state.flag.project_id):
            raise PermissionDenied
        return state

    def _template_saved(self, request: HttpRequest, state: FlagState, draft: Draft) -> Refusal | None:
        """Save the steps and guardrails as a template of the team; return why not."""
        name = request.POST.get("template_name", "").replace("\0", "").strip()[:200]
        try:
            row = services.save_ramp_template(
                project=state.environment.project,
                key=slugify(name),
                name=name,
                steps=draft.steps,
                guardrails=draft.guardrails,
                by=actor_of(request),
            )
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except InvalidInput as refusal:
            if refusal.errors[0].path == "key":
                return InvalidInput.at("template", "Give the template a name with letters or digits.")
            return refusal
        messages.success(request, f"Saved as the template “{row.name}”. The ramp has not been started yet.")
        return None

    def _form(self, request: HttpRequest, state: FlagState, draft: Draft, refusal: Refusal | None) -> TemplateResponse:
        about = {
            "title": f"Start a ramp of {state.flag.key}",
            "page_data": orjson.dumps(starting_data(state, draft, problems=_told(refusal))).decode(),
            "back": reverse("admin:flags_flag_change", args=[state.flag_id]) + f"#{state.environment.key}",
            "submit": "Ask for an approval" if state.environment.requires_approval else "Start the ramp",
        }
        return self._page_of(request, state, draft, about, refusal)

    # --- changing one ----------------------------------------------------------------------------------------------

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for other steps to come, or other guardrails, and put them in place."""
        ramp = self.ramp_to_change(request, pk)
        if not ramp.is_active:
            messages.error(request, "The ramp is over: nothing of it can be changed.")
            return HttpResponseRedirect(self.address("change", ramp.pk))
        draft = draft_of(ramp) if request.method != "POST" else Draft.read(request.POST)
        refusal: Refusal | None = None
        if request.method == "POST":
            try:
                self._change(request, ramp, draft)
            except NotAllowed as found:
                raise PermissionDenied(found.detail) from None
            except Refusal as found:
                refusal = found
            else:
                messages.success(request, "Changed.")
                return HttpResponseRedirect(self.address("change", ramp.pk))
        data = changing_data(ramp, draft, problems=_told(refusal))
        about = {
            "title": f"Change the ramp of {ramp.state.flag.key}",
            "page_data": orjson.dumps(data).decode(),
            "version": ramp.version if request.method != "POST" else request.POST.get("version", ""),
            "back": self.address("change", ramp.pk),
            "submit": "Ask for an approval" if ramp.state.environment.requires_approval else "Change the ramp",
        }
        return self._page_of(request, ramp.state, draft, about, refusal)

    def _change(self, request: HttpRequest, ramp: Ramp, draft: Draft) -> None:
        seen = request.POST.get("version", "")
        has_steps = ramp.position + 1 < ramp.steps.count() or draft.steps
        services.change_ramp(
            ramp,
            by=actor_of(request),
            steps=draft.steps if has_steps else None,
            guardrails=draft.guardrails,
            watch_for=draft.watches_for,
            if_version=int(seen) if seen.isdecimal() and len(seen) < 10 else None,  # noqa: PLR2004 - a version
            comment=draft.comment,
        )

    def _page_of(
        self, request: HttpRequest, state: FlagState, draft: Draft, about: dict[str, Any], refusal: Refusal | None
    ) -> TemplateResponse:
        problems = {error["path"]: error["message"] for error in _told(refusal)}
        known = {
            "state": state,
            "flag": state.flag,
            "environment": state.environment,
            "draft": draft,
            "whole": problems.get("", ""),
            "comment_problem": problems.get("comment", ""),
            "template_problem": problems.get("template", ""),
        }
        return self.ramp_page(request, "form", {**known, **about})


def _told(refusal: Refusal | None) -> list[dict[str, str]]:
    if refusal is None:
        return []
    return told(refusal.errors) or [{"path": "", "message": refusal.detail}]


def _present(state: FlagState, rule: str) -> Any:
    try:
        return Target(state, rule).effective
    except RuleNotFound:
        return state.rollout_percentage


def _started(ramp: Ramp) -> str:
    if ramp.status == Ramp.Status.AWAITING_APPROVAL:
        return "Asked for an approval. The ramp begins when somebody else has given it."
    return "Started. SDKs are told of each step when it is taken."
