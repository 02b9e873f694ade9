"""The list of flags: what each does where, whose it is, whether it is still needed; and where its row leads."""

from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from accounts.admin import markup
from accounts.admin.filters import ProjectFilter
from accounts.admin.requests import access_of
from accounts.roles import Ability
from flags.admin.flags.filters import OwnerFilter, StaleFilter, StateFilter, TagFilter
from flags.admin.flags.quick_steps import TOGGLE, QuickSteps
from flags.documents import percentage_number
from flags.models import Flag, FlagState
from flags.querysets import with_last_change, with_states
from flags.services.counts import LAST_EVALUATION_PRECISION
from flags.usage.last_asked import stale_among, with_last_evaluation
from flagsite.lib import clock
from flagsite.lib.ago import ago

ORDER: Final = "order of flags"
"""Where a person's session keeps the order that they chose."""


class FlagChanges(ChangeList):
    """A page of the list, each flag with why it is stale, and whether the person may switch it."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and what is told of its flags, all at once."""
        super().get_results(request)
        flags: list[Any] = list(self.result_list)  # type: ignore[has-type]  # Django sets it
        self.result_list = flags
        stale = stale_among(flags, now=clock.now())
        access = access_of(request)
        several = access.projects(Ability.VIEW).count() > 1
        for flag in flags:
            flag.place = flag.project.name if several else ""
            flag.stale = stale.get(flag.pk)
            flag.may_switch = access.may(Ability.EDIT, flag.project_id)


class FlagList(QuickSteps):
    """The list, its filters and its order."""

    list_display = (
        "named",
        "type",
        "tag_pills",
        "state_pills",
        "owned_by",
        "last_asked",
        "stale_mark",
        "changed",
    )
    list_filter = (ProjectFilter, StaleFilter, TagFilter, "type", OwnerFilter, StateFilter)
    search_fields = ("key", "name", "description", "owner__username")
    search_help_text = "Key, name, description or owner"
    ordering = ("key",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        """Return the flags with their states, for the list as for the page."""
        return with_last_change(with_last_evaluation(with_states(super().get_queryset(request))))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return what reads a page."""
        del request, kwargs
        return FlagChanges

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list in the order that the person chose last."""
        if ORDER_VAR in request.GET:
            request.session[ORDER] = request.GET[ORDER_VAR][:100]
        elif request.session.get(ORDER):
            asked = request.GET.copy()
            asked[ORDER_VAR] = request.session[ORDER]
            request.GET = asked  # type: ignore[assignment]  # a mutable QueryDict, as Django's own pages put it there
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    @admin.display(description="Flag", ordering="key")
    def named(self, flag: Flag) -> SafeString:
        """Return the flag's key and, below it, its name; and its project, to those who see several."""
        about = " · ".join(part for part in (flag.name, getattr(flag, "place", "")) if part)
        return format_html('<span class="flag-key">{}</span><span class="flag-name">{}</span>', flag.key, about)

    @admin.display(description="Tags")
    def tag_pills(self, flag: Flag) -> SafeString | str:
        """Return the flag's tags."""
        return markup.pills(markup.pill(tag) for tag in flag.tag_names()) if flag.tag_names() else "-"

    @admin.display(description="Environments")
    def state_pills(self, flag: Flag) -> SafeString:
        """Return what the flag does in each environment: to those who may turn it, a switch, and the emergency."""
        states = flag.states.all()
        if not getattr(flag, "may_switch", False):
            return markup.pills(_pill(state) for state in states)
        is_on = any(state.enabled for state in states)
        return markup.pills([*(_switch(flag, state) for state in states), *([self._emergency(flag)] * is_on)])

    @admin.display(description="Owner", ordering="owner__username")
    def owned_by(self, flag: Flag) -> str:
        """Return who answers for the flag."""
        return flag.owner.username if flag.owner else "-"

    @admin.display(description="Evaluated", ordering="asked_at")
    def last_asked(self, flag: Any) -> SafeString | str:
        """Return how long ago an SDK asked for the flag, to the hour: it is written down no more often."""
        if not flag.asked_at:
            return "never"
        is_recent = clock.now() - flag.asked_at < LAST_EVALUATION_PRECISION
        return _ago(flag.asked_at, "within the hour" if is_recent else "", note=", or up to an hour later")

    @admin.display(description="Changed", ordering="changed_at")
    def changed(self, flag: Any) -> SafeString:
        """Return how long ago somebody changed the flag, anywhere."""
        return _ago(flag.changed_at)

    @admin.display(description="Stale")
    def stale_mark(self, flag: Any) -> SafeString | str:
        """Return that the flag is stale, with the reason."""
        stale = getattr(flag, "stale", None)
        if stale is None:
            return "-"
        told = '<span class="pill pill-warning">{}</span><span class="flag-reason">{}</span>'
        return format_html(told, stale.word, stale.sentence)

    def _emergency(self, flag: Flag) -> SafeString:
        """Return the link that turns the flag off past the review."""
        link = (
            '<a class="flag-emergency" href="{}" title="Emergency: turn off" aria-label="Emergency: turn off {}">{}</a>'
        )
        icon = SafeString('<span class="material-symbols-outlined" aria-hidden="true">e911_emergency</span>')
        return format_html(link, self.address("turn_off", flag.pk), flag.key, icon)


def _ago(moment: datetime, words: str = "", *, note: str = "") -> SafeString:
    at = (moment.isoformat(), f"{moment:%F %H:%M} UTC{note}", words or ago(moment, depth=1))
    return format_html('<time datetime="{}" title="{}">{}</time>', *at)


def _pill(state: FlagState) -> SafeString:
    words, colour = _summary(state)
    return markup.pill(f"{state.environment.key}: {words}", colour, state.environment.name)


def _switch(flag: Flag, state: FlagState) -> SafeString:
    words, colour = _summary(state)
    where = state.environment
    wanted = "off" if state.enabled else "on"
    return format_html(
        '<button type="submit" class="pill pill-switch {}" formaction="{}" name="{}" value="{}" title="{}" '
        'aria-label="{}">{}: {}</button>',
        f"pill-{colour}" if colour else "",
        TOGGLE.address(),
        TOGGLE.field,
        TOGGLE.value(state, wanted),
        f"Turn {wanted} in {where.name}; you see what it changes first",
        f"{flag.key} in {where.name}: {words}. Turn {wanted}",
        where.key,
        words,
    )


def _summary(state: FlagState) -> tuple[str, str]:
    """Return what a state does in a few words, and a colour for it."""
    percentage = percentage_number(state.rollout_percentage)
    if not state.enabled:
        return "off", ""
    rules, targets = len(state.rules), len(state.targets)
    parts = ["on"] * (percentage == 100) or [f"{percentage} %"]  # noqa: PLR2004 - a percentage
    if "split" in state.fallthrough:
        parts = [*(part for part in parts if part != "on"), "split"]
    parts += [f"{rules} rule{'s' * (rules > 1)}"] * bool(rules) + ["targets"] * bool(targets)
    return " · ".join(parts), "success" if parts == ["on"] else "info"
