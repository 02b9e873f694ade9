"""The log of deliveries in the admin: what was told to whom, every attempt, and trying once more."""

from functools import partial
from typing import Any, Final

import orjson
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import code, json, pill
from accounts.admin.requests import access_of, actor_of, answered
from accounts.roles import Ability
from flagsite.lib import clock
from rollouts.models import Delivery, MailNotice, Webhook
from rollouts.services.notices import send_again

COLOURS: Final = {
    Delivery.Status.WAITING: "info",
    Delivery.Status.DELIVERED: "success",
    Delivery.Status.FAILED: "danger",
    Delivery.Status.DROPPED: "",
}


class ReceiverFilter(SimpleListFilter):
    """Deliveries to one webhook or e-mail notice."""

    title = "receiver"
    parameter_name = "receiver"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the receivers of the projects that the person manages."""
        del model_admin
        managed = access_of(request).projects(Ability.MANAGE)
        return [
            (f"{model._meta.model_name}-{pk}", name)  # noqa: SLF001 - Django's own interface
            for model in (Webhook, MailNotice)
            for pk, name in model.objects.filter(project__in=managed).values_list("pk", "name")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the deliveries to the chosen one."""
        del request
        if self.value() is None:
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        kind, _, pk = str(self.value()).partition("-")
        return queryset.filter(**{"webhook" if kind == "webhook" else "mail_notice": pk})


@admin.register(Delivery)
class DeliveryAdmin(GuardedAdmin):
    """What was told, to be read only."""

    project_path = "project"
    seen_by = Ability.MANAGE
    has_history = False
    list_display = ("subject", "to", "status_pill", "attempts", "since", "project")
    list_filter = (ProjectFilter, "status", ReceiverFilter)
    search_fields = ("subject", "recipient")
    ordering = ("-created_at",)
    fields = ("subject", "to", "status_pill", "since", "next_attempt", "id", "text")
    readonly_fields = ("to", "status_pill", "since", "next_attempt", "text")
    change_form_outer_after_template = "admin/rollouts/delivery/panel.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return the deliveries with their receivers; a list does not fetch what was sent."""
        rows: QuerySet[Delivery] = super().get_queryset(request).select_related("project", "webhook", "mail_notice")
        match = request.resolver_match
        return rows.defer("body") if match and (match.url_name or "").endswith("_changelist") else rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Leave out when it is tried next, where it is not."""
        del request
        is_over = obj is not None and obj.status != Delivery.Status.WAITING
        return tuple(name for name in self.fields if name != "next_attempt" or not is_over)

    @admin.display(description="To")
    def to(self, delivery: Delivery) -> SafeString | str:
        """Return the receiver, with a link to it."""
        receiver = delivery.receiver
        page = reverse(f"admin:rollouts_{receiver._meta.model_name}_change", args=[receiver.pk])  # noqa: SLF001 - Django's
        link = format_html('<a class="text-link" href="{}">{}</a>', page, receiver.name)
        return format_html("{}, {}", link, delivery.recipient) if delivery.recipient else link

    @admin.display(description="State", ordering="status")
    def status_pill(self, delivery: Delivery) -> SafeString:
        """Return what has become of it."""
        status = Delivery.Status(delivery.status)
        return pill(status.label, COLOURS[status])

    @admin.display(description="Since", ordering="created_at")
    def since(self, delivery: Delivery) -> str:
        """Return when it was written down."""
        return f"{delivery.created_at:%-d %b %Y, %H:%M:%S}"

    @admin.display(description="Next attempt")
    def next_attempt(self, delivery: Delivery) -> str:
        """Return when it is tried next, unless a worker is busy elsewhere."""
        return f"{delivery.next_at:%-d %b %Y, %H:%M:%S}"

    @admin.display(description="What is sent")
    def text(self, delivery: Delivery) -> SafeString:
        """Return the body: an e-mail's text, or a document as people can read it."""
        return code(delivery.body) if delivery.webhook is None else json(orjson.loads(delivery.body))

    def get_urls(self) -> list[Any]:
        """Add where it is sent again."""
        again = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<pk>/again/", again, name="rollouts_delivery_again"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show every attempt; offer another one."""
        row = context.get("original")
        if row is not None:
            context["log"] = row.log.all()
            is_free = row.receiver.is_active and not row.is_under_way(clock.now())
            context["again"] = self.address("again", row.pk) if is_free else ""
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def again_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Try it once more from now on."""
        row = self.get_object(request, unquote(pk))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if answered(request, partial(send_again, row, by=actor_of(request))) is not None:
            messages.success(request, "It is on its way once more; reload this page to see what came of it.")
        return HttpResponseRedirect(self.address("change", row.pk))
