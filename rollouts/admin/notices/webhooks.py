"""Webhooks in the admin. The secret is shown once, when it is made or replaced."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html

from accounts.admin.requests import actor_of, answered
from rollouts.admin.notices.receivers import ReceiverAdmin
from rollouts.forms.notices import RotateSecretForm, WebhookForm
from rollouts.models import Webhook
from rollouts.notices.endpoints import endpoint_of
from rollouts.services.notices import create_webhook, delete_webhook, rotate_webhook, update_webhook


@admin.register(Webhook)
class WebhookAdmin(ReceiverAdmin):
    """Programs and channels of Slack that are told."""

    form = add_form = WebhookForm
    list_display = ("name", "state", "leads_to", "told", "where", "project")
    add_fieldsets = (
        (None, {"fields": ("project", "name", "address", "format")}),
        ("What it hears of", {"fields": ("environments", "kinds")}),
        (None, {"fields": ("is_active",)}),
    )
    fieldsets = (
        (None, {"fields": ("state", "turned_off_because", "project", "name", "address", "format")}),
        ("What it hears of", {"fields": ("environments", "kinds")}),
        (None, {"fields": ("is_active", "old_secret_until")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what only Flagsite itself decides, too."""
        return (*super().get_readonly_fields(request, obj), "turned_off_because", "old_secret_until")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what there is nothing to say of."""
        if obj is None:
            return self.add_fieldsets
        silent = {name for name in ("turned_off_because", "old_secret_until") if not getattr(obj, name)}
        return tuple(
            (title, {**options, "fields": tuple(name for name in options["fields"] if name not in silent)})
            for title, options in super().get_fieldsets(request, obj)
        )

    @admin.display(description="Leads to")
    def leads_to(self, webhook: Webhook) -> str:
        """Return the address without its path, which may be a secret that looks over a shoulder should not see."""
        return endpoint_of(webhook.address).masked

    def also_offered(self, row: Webhook) -> dict[str, Any]:
        """Offer to replace the secret."""
        return {"rotate": self.address("rotate", row.pk)}

    def create(self, request: HttpRequest, form: Any) -> Webhook:
        """Create the webhook and show its secret once."""
        fields = form.fields_given(all_of_them=True)
        webhook, secret = create_webhook(project=form.cleaned_data["project"], fields=fields, by=actor_of(request))
        self._show_once(request, secret)
        return webhook

    def update(self, request: HttpRequest, row: Webhook, form: Any) -> None:
        """Change what was changed in the form."""
        update_webhook(row, fields=form.fields_given(all_of_them=False), by=actor_of(request))

    def remove(self, request: HttpRequest, row: Webhook) -> None:
        """Delete the webhook with its log."""
        delete_webhook(row, by=actor_of(request))

    def _show_once(self, request: HttpRequest, secret: str) -> None:
        text = "Copy the secret now; it is never shown again: <code class='code select-all'>{}</code>"
        messages.warning(request, format_html(text, secret))

    def get_urls(self) -> list[Any]:
        """Add where the secret is replaced."""
        rotate = self.admin_site.admin_view(self.rotate_view)
        return [path("<pk>/rotate/", rotate, name="rollouts_webhook_rotate"), *super().get_urls()]

    def rotate_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Ask for the overlap, replace the secret, and show the new one once."""
        row: Webhook = self.row(request, pk)
        form = RotateSecretForm(request.POST or None)
        if form.is_valid():
            made = answered(request, partial(rotate_webhook, row, by=actor_of(request), **form.cleaned_data))
            if made is not None:
                self._show_once(request, made[1])
            return HttpResponseRedirect(self.address("change", row.pk))
        about = {"opts": self.opts, "original": row, "title": f"A new secret for {row}", "form": form}
        about["back"] = self.address("change", row.pk)
        context = self.admin_site.each_context(request) | about
        return TemplateResponse(request, "admin/rollouts/webhook/rotate.html", context)
