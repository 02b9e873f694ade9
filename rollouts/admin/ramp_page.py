"""A ramp's own page: where it stands and what is next, its guardrails and its log; and what can be done with it."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of, actor_of
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import NotAllowed, Refusal
from rollouts import services
from rollouts.admin.drafts import MAX_COMMENT
from rollouts.admin.flag_cards import counted_for, start_address
from rollouts.admin.guardrail_cards import guardrail_cards
from rollouts.admin.summary import summary_of
from rollouts.admin.timeline import revision_addresses, timeline_of
from rollouts.errors import RuleNotFound
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import occurrences_of, ramps
from rollouts.target import Target
from rollouts.wording import percent

Do = Callable[..., Ramp]

MAX_LOG: Final = 100
"""Occurrences that are told, the newest."""

STEPS: Final[dict[str, tuple[Do, str]]] = {
    "pause": (services.pause_ramp, "Paused. Who is inside stays inside; no step is taken until somebody resumes it."),
    "resume": (services.resume_ramp, "Resumed, from where the flag stands now."),
    "advance": (services.advance_ramp, "Done. SDKs are told now."),
    "stop": (services.stop_ramp, "Stopped. Who is inside stays inside."),
    "roll_back": (services.roll_back_ramp, "Rolled back to 0 %. SDKs are told now."),
    "approve": (services.approve_ramp, "Approved, exactly as it stands."),
}
"""What can be done with a ramp by a button: the service, and what is said afterwards."""
BY_WHAT_WAS_SEEN: Final = frozenset({"advance", "approve", "resume"})
"""What is only done with the ramp as it was shown. To hold or undo one nobody has to look again."""

ICONS: Final = {
    Occurrence.Kind.PROPOSED: "rate_review",
    Occurrence.Kind.APPROVED: "verified",
    Occurrence.Kind.STARTED: "play_arrow",
    Occurrence.Kind.STEP: "trending_up",
    Occurrence.Kind.WAITING: "hourglass_top",
    Occurrence.Kind.CHANGED: "edit",
    Occurrence.Kind.PAUSED: "pause",
    Occurrence.Kind.RESUMED: "play_arrow",
    Occurrence.Kind.GUARDRAIL: "shield",
    Occurrence.Kind.ROLLED_BACK: "undo",
    Occurrence.Kind.STOPPED: "stop",
    Occurrence.Kind.FINISHED: "check",
}


class RampPages(GuardedAdmin):
    """The page, the part of it that renews itself, and the buttons."""

    def get_urls(self) -> list[Any]:
        """Add what can be done with a ramp."""
        guard = self.admin_site.admin_view
        own = [
            path(
                f"<int:pk>/{name}/",
                guard(require_POST(self._step(name))),
                name=f"rollouts_ramp_{name}",
            )
            for name in STEPS
        ]
        live = path("<int:pk>/live/", guard(require_GET(self.live_view)), name="rollouts_ramp_live")
        return [live, *own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a ramp."""
        del form_url, extra_context
        try:
            ramp = self._seen(request, object_id)
        except Http404:
            if request.method != "GET":
                raise
            return HttpResponseRedirect(reverse("admin:index"))
        if request.method != "GET":
            raise PermissionDenied("A ramp is changed by its buttons.")
        return self.ramp_page(request, "ramp", self._about(request, ramp))

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return what of the page changes by itself."""
        about = self._about(request, self._seen(request, pk))
        return TemplateResponse(request, "admin/rollouts/live.html", about)

    def _step(self, name: str) -> Callable[..., HttpResponse]:
        """Return the view of a button; when the service refuses, the page comes again and says why."""
        do, done = STEPS[name]

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            ramp = self.ramp_to_change(request, pk)
            try:
                do(ramp, by=actor_of(request), **_asked(request, name))
            except NotAllowed as refusal:
                raise PermissionDenied(refusal.detail) from None
            except Refusal as refusal:
                messages.error(request, refusal.detail)
            else:
                messages.success(request, done)
            return HttpResponseRedirect(self.address("change", pk))

        return view

    # --- what they need --------------------------------------------------------------------------------------------

    def ramp_to_change(self, request: HttpRequest, pk: int) -> Ramp:
        """Return a ramp that the person may change.

        Raises:
            Http404: when there is none that they may see.
            PermissionDenied: when they may not edit it.
        """
        ramp = self._seen(request, pk)
        if not access_of(request).may(Ability.EDIT, ramp.state.environment.project_id):
            raise PermissionDenied
        return ramp

    def _seen(self, request: HttpRequest, pk: int | str) -> Ramp:
        if not str(pk).isdecimal() or len(str(pk)) > 18:  # noqa: PLR2004 - what a key of a row can be
            raise Http404
        seen = ramps().filter(pk=pk, state__environment__project__in=access_of(request).projects(Ability.VIEW))
        ramp = seen.prefetch_related("steps").first()
        if ramp is None:
            raise Http404
        return ramp

    def ramp_page(self, request: HttpRequest, name: str, about: dict[str, Any]) -> TemplateResponse:
        """Return a page of `templates/admin/rollouts`."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, **about}
        return TemplateResponse(request, f"admin/rollouts/{name}.html", context)

    def _about(self, request: HttpRequest, ramp: Ramp) -> dict[str, Any]:
        now, log = clock.now(), list(occurrences_of(ramp).order_by("-at", "-pk")[:MAX_LOG])
        addresses = revision_addresses(ramp, log)
        steps, at = list(ramp.steps.all()), ramp.position
        may = access_of(request).may(Ability.EDIT, ramp.state.environment.project_id)
        return {
            "title": f"Ramp of {ramp.state.flag.key}",
            "ramp": ramp,
            "flag": ramp.state.flag,
            "environment": ramp.state.environment,
            "target": _target(ramp),
            "summary": summary_of(ramp, now=now, evaluations=counted_for(ramp)),
            "stops": timeline_of(ramp, addresses),
            "guardrails": guardrail_cards(ramp),
            "log": [(each, ICONS[Occurrence.Kind(each.kind)], addresses.get(each.revision or 0, "")) for each in log],
            "may": may,
            "again": start_address(ramp.state) if may and not ramp.is_active else "",
            "is_own": any(each.pk == request.user.pk for each in ramp.hands.all()),
            "others": [(step.position + 1, percent(step.percentage)) for step in steps if step.position != at],
            "next": at + 2,
            "following": percent(steps[at + 1].percentage) if at + 1 < len(steps) else "",
            "flag_address": reverse("admin:flags_flag_change", args=[ramp.state.flag_id]),
        }


def _asked(request: HttpRequest, name: str) -> dict[str, Any]:
    """Return what a button's form says."""
    asked: dict[str, Any] = {"comment": request.POST.get("comment", "").replace("\0", "").strip()[:MAX_COMMENT]}
    version, step = request.POST.get("version", ""), request.POST.get("step", "")
    if name in BY_WHAT_WAS_SEEN and version.isdecimal() and len(version) < 10:  # noqa: PLR2004 - a version
        asked["if_version"] = int(version)
    if name == "advance" and step.isdecimal() and len(step) < 4:  # noqa: PLR2004 - a step
        asked["step"] = int(step)
    return asked


def _target(ramp: Ramp) -> str:
    try:
        return str(Target(ramp.state, ramp.rule))
    except RuleNotFound:
        return "a rule that is gone"
