"""What is done with one flag from the list: switching it, through the review, and the emergency, past it."""

from functools import cache
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.admin.requests import access_of, actor_of
from accounts.roles import Ability
from flags.admin.compare import ComparePages, compare_address
from flags.admin.deciding.tester import TesterPages, tester_address
from flags.admin.desk_pages import asked_for
from flags.admin.flags.together import TogetherPages
from flags.editing.edits import FlagEdit
from flags.models import Flag, FlagState
from flags.services import turn_off_flag
from flagsite.lib.problems import NotAllowed, Refusal


class Toggle:
    """The switch of a pill: what its button sends, and where."""

    field: Final = "switch"

    def address(self) -> str:
        """Return where it is sent."""
        return _switch_address()

    def value(self, state: FlagState, wanted: str) -> str:
        """Return which state, at the version that is shown, is to be turned on or off."""
        return f"{state.pk}:{state.version}:{wanted}"

    def read(self, sent: str) -> tuple[int, int, str]:
        """Return the same three.

        Raises:
            Http404: when it is nothing that a button would send.
        """
        pk, _, rest = sent.partition(":")
        version, _, wanted = rest.partition(":")
        if not (pk.isdecimal() and version.isdecimal() and wanted in {"on", "off"} and len(pk + version) <= 36):  # noqa: PLR2004 - two numbers
            raise Http404
        return int(pk), int(version), wanted


TOGGLE: Final = Toggle()


@cache
def _switch_address() -> str:
    """Return the address, looked up once: a list shows hundreds of switches."""
    return reverse("admin:flags_flag_switch")


class QuickSteps(TogetherPages, TesterPages, ComparePages):
    """The steps, and the links of a row and of a flag's page."""

    actions_detail = ("insights_here", "test_here", "compare_here", "emergency")

    def get_urls(self) -> list[Any]:
        """Add the steps' addresses."""
        guard = self.admin_site.admin_view
        own = [
            path("switch/", guard(require_POST(self.switch_view)), name="flags_flag_switch"),
            path(
                "<int:pk>/turn-off/",
                guard(require_http_methods(["GET", "POST"])(self.turn_off_view)),
                name="flags_flag_turn_off",
            ),
        ]
        return [*own, *super().get_urls()]

    # --- one flag, one environment ---------------------------------------------------------------------------------

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Propose to turn a flag on or off where the pill was pressed."""
        pk, version, wanted = TOGGLE.read(asked_for(request, TOGGLE.field))
        states = FlagState.objects.select_related("flag__project", "environment").filter(pk=pk)
        state = states.filter(flag__project__in=access_of(request).projects(Ability.VIEW)).first()
        if state is None:
            raise Http404
        key = state.environment.key
        edit = FlagEdit(state.flag.key, states={key: {"enabled": wanted == "on"}}, versions={key: version})
        return self.reviewed(request, state.flag.project, [edit])

    def turn_off_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask where and why, then turn the flag off at once."""
        flag = self.flag_seen(request, pk)
        if not access_of(request).may(Ability.EDIT, flag.project_id):
            raise PermissionDenied
        states = [state for state in flag.states.all() if state.enabled]
        about: dict[str, Any] = {
            "title": "Emergency: turn off",
            "flag": flag,
            "states": states,
            "show_back_button": True,
        }
        if request.method == "POST":
            chosen = next((each for each in states if each.environment.key == asked_for(request, "environment")), None)
            comment = asked_for(request, "comment")
            if chosen is None:
                about["error"] = "Choose where: the flag is on in the environments below." if states else ""
            elif not comment:
                about["error"] = "Say why: whoever reads the history will want to know."
            else:
                return self._turned_off(request, flag, chosen, comment[:2000])
            about |= {"comment": comment, "environment": asked_for(request, "environment")}
        return self.desk_page(request, "turn_off", about)

    def _turned_off(self, request: HttpRequest, flag: Flag, state: FlagState, comment: str) -> HttpResponse:
        where = state.environment
        try:
            turn_off_flag(project=flag.project, environment=where, key=flag.key, by=actor_of(request), comment=comment)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{flag.key} is off in {where.name}. The history says that it was an emergency.")
        return HttpResponseRedirect(self.address("change", flag.pk))

    # --- where a row and a flag's page lead ------------------------------------------------------------------------

    def has_emergency_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether the person may turn the flag off, or any."""
        flag = self.get_object(request, str(object_id)) if object_id else None
        return self.has_change_permission(request, flag)

    @action(description="Insights", url_path="see-insights", icon="monitoring")  # type: ignore[untyped-decorator]  # Unfold's
    def insights_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to how the flag is used."""
        return HttpResponseRedirect(self.address("insights", self.flag_seen(request, object_id).pk))

    @action(description="Test with a context", url_path="test", icon="science")  # type: ignore[untyped-decorator]  # Unfold's
    def test_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the tester."""
        flag = self.flag_seen(request, object_id)
        return HttpResponseRedirect(tester_address(project=flag.project.key, flag=flag.key))

    @action(description="Compare environments", url_path="compare", icon="compare_arrows")  # type: ignore[untyped-decorator]  # Unfold's
    def compare_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the flag's comparison."""
        flag = self.flag_seen(request, object_id)
        return HttpResponseRedirect(compare_address(project=flag.project.key, flag=flag.key))

    @action(  # type: ignore[untyped-decorator]  # Unfold's
        description="Emergency: turn off",
        url_path="emergency",
        icon="e911_emergency",
        permissions=["emergency"],
        variant=ActionVariant.DANGER,
    )
    def emergency(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that asks where and why."""
        return HttpResponseRedirect(self.address("turn_off", self.flag_seen(request, object_id).pk))

    def flag_seen(self, request: HttpRequest, object_id: Any) -> Flag:
        """Return the flag of an address.

        Raises:
            Http404: when there is none that the person may see.
        """
        flag = self.get_object(request, str(object_id))
        if not isinstance(flag, Flag):
            raise Http404
        return flag
