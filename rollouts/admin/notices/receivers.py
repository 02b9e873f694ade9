"""What the pages of webhooks and of e-mail notices have in common. Only those who manage the project see them."""

from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import pill, pills
from accounts.admin.requests import actor_of, answered
from accounts.roles import Ability
from flagsite.lib import clock
from rollouts.models import MailNotice, Occurrence, Webhook
from rollouts.services.notices import send_test

LABELS: Final = dict(Occurrence.Kind.choices)


class ReceiverAdmin(GuardedAdmin):
    """A list and a form; whether it works, a try-out, and the way to what was delivered."""

    project_path = "project"
    seen_by = added_by = changed_by = deleted_by = Ability.MANAGE
    list_filter = (ProjectFilter, "is_active")
    search_fields = ("name",)
    readonly_fields = ("state",)
    change_form_outer_after_template = "admin/rollouts/receiver_panel.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is decided once."""
        del request
        return ("state",) if obj is None else ("state", "project")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows with their environments."""
        return super().get_queryset(request).prefetch_related("environments")

    @admin.display(description="State")
    def state(self, receiver: Webhook | MailNotice) -> SafeString:
        """Return whether it is told anything, and whether that arrives."""
        if not receiver.is_active:
            return pill("Off", "", getattr(receiver, "turned_off_because", ""))
        if receiver.has_failed_for_days(clock.now()):
            return pill(f"Failing since {receiver.failing_since:%-d %b}", "danger", "Nothing has arrived for days.")
        return pill("Last attempt failed", "warning") if receiver.failing_since else pill("On", "success")

    @admin.display(description="What is told")
    def told(self, receiver: Webhook | MailNotice) -> SafeString | str:
        """Return the kinds."""
        return pills(pill(LABELS[kind]) for kind in receiver.kinds) if receiver.kinds else "Everything"

    @admin.display(description="Environments")
    def where(self, receiver: Webhook | MailNotice) -> SafeString | str:
        """Return the environments."""
        named = [environment.name for environment in receiver.environments.all()]
        return pills(map(pill, named)) if named else "All"

    def get_urls(self) -> list[Any]:
        """Add the address of the try-out."""
        test = self.admin_site.admin_view(require_POST(self.test_view))
        return [path("<pk>/test/", test, name=f"rollouts_{self.opts.model_name}_test"), *super().get_urls()]

    def row(self, request: HttpRequest, pk: str) -> Any:
        """Return the row that an address of ours is about, for somebody who may change it."""
        row = self.get_object(request, unquote(pk))
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead to what was delivered; offer a try-out of what is on."""
        row = context.get("original")
        if row is not None:
            to = urlencode({"receiver": f"{self.opts.model_name}-{row.pk}"})
            context["deliveries"] = f"{reverse('admin:rollouts_delivery_changelist')}?{to}"
            context["test"] = self.address("test", row.pk) if row.is_active else ""
            context |= self.also_offered(row)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def also_offered(self, row: Any) -> dict[str, Any]:
        """Return what the panel below the form knows besides."""
        del row
        return {}

    def test_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Send a test and lead to its delivery, where one sees what comes of it."""
        row = self.row(request, pk)
        deliveries = answered(request, partial(send_test, row, by=actor_of(request)))
        if not deliveries:
            return HttpResponseRedirect(self.address("change", row.pk))
        messages.success(request, "The test is on its way; reload this page to see what came of it.")
        return HttpResponseRedirect(reverse("admin:rollouts_delivery_change", args=[deliveries[0].pk]))
