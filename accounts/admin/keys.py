"""Server keys and API tokens: made, shown once, rotated, revoked. What is stored of a secret is never shown."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.filters import EnvironmentFilter, ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import pill
from accounts.admin.requests import access_of, actor_of
from accounts.credentials import Credential
from accounts.forms import ApiTokenForm, RevokeForm, RotateForm, ServerKeyForm
from accounts.models import ApiToken, Key, ServerKey
from accounts.roles import Ability
from accounts.services import issue_api_token, issue_server_key, revoke_key, rotate_server_key
from flagsite.lib import clock
from flagsite.lib.problems import NotAllowed, Refusal


class KeyAdmin(GuardedAdmin):
    """What both kinds of key have in common."""

    form = RevokeForm
    shown: ClassVar[tuple[str, ...]] = (
        "name",
        "prefix",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    search_fields = ("name", "id")

    def get_readonly_fields(self, request: HttpRequest, obj: Key | None = None) -> tuple[str, ...]:
        """Return everything: a key is never changed, only revoked."""
        del request
        return () if obj is None else self.shown

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the key; offer to revoke it to those who may, while there is something to revoke."""
        if obj is None:
            return self.add_fieldsets
        revoke = ("revoke",) if self.has_change_permission(request, obj) else ()
        return ((None, {"fields": (*self.shown, *revoke)}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the person may revoke the key, or any."""
        if obj is not None and obj.revoked_at is not None:
            return False
        return bool(super().has_change_permission(request, obj))

    @admin.display(description="Key", ordering="id")
    def prefix(self, key: Key) -> str:
        """Return the part of the key that is no secret."""
        return f"fs_{key.kind}_{key.id}_…"

    @admin.display(description="State")
    def state(self, key: Key) -> SafeString:
        """Return whether the key opens anything."""
        if key.revoked_at:
            return pill("Revoked", "danger")
        return pill("In force", "success") if key.in_force(clock.now()) else pill("Expired", "warning")

    def update(self, request: HttpRequest, row: Any, form: Any) -> None:
        """Revoke the key, when that was asked for."""
        if form.cleaned_data["revoke"]:
            revoke_key(row, by=actor_of(request))

    def show_once(self, request: HttpRequest, credential: Credential) -> None:
        """Put the whole key on the next page, and nowhere else."""
        text = "Copy the key now; it is never shown again: <code class='code select-all'>{}</code>"
        messages.warning(request, format_html(text, str(credential)))


@admin.register(ServerKey)
class ServerKeyAdmin(KeyAdmin):
    """Keys of SDKs."""

    project_path = "environment__project"
    added_by = changed_by = Ability.MANAGE
    add_form = ServerKeyForm
    shown = ("environment", *KeyAdmin.shown)
    add_fieldsets = ((None, {"fields": ("environment", "name", "expires_at")}),)
    list_display = ("name", "prefix", "environment", "state", "last_used_at", "expires_at", "created_at")
    list_filter = (ProjectFilter, EnvironmentFilter)
    change_form_outer_after_template = "admin/accounts/serverkey/panel.html"

    def get_urls(self) -> list[Any]:
        """Return the address of the rotation too."""
        rotate = self.admin_site.admin_view(self.rotate_view)
        return [path("<str:pk>/rotate/", rotate, name="accounts_serverkey_rotate"), *super().get_urls()]

    def _rotatable(self, request: HttpRequest, key: Any) -> bool:
        return self.has_change_permission(request, key) and key.in_force(clock.now())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer the rotation of a key that is in force to those who may."""
        key = context.get("original")
        if isinstance(key, ServerKey) and self._rotatable(request, key):
            context["rotate"] = self.address("rotate", key.pk)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def rotate_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Ask for the overlap, rotate the key, and show its successor once."""
        key = self.get_object(request, pk)
        if key is None:
            raise Http404
        if not self._rotatable(request, key):
            raise PermissionDenied
        form = RotateForm(request.POST or None)
        if form.is_valid():
            try:
                overlap = timedelta(hours=form.cleaned_data["overlap"])
                successor, credential = rotate_server_key(key, by=actor_of(request), overlap=overlap)
            except NotAllowed as refusal:
                raise PermissionDenied(refusal.detail) from None
            except Refusal as refusal:
                form.add_error(None, refusal.detail)
            else:
                self.show_once(request, credential)
                return HttpResponseRedirect(self.address("change", successor.pk))
        about = {"opts": self.opts, "original": key, "title": f"Rotate {key}", "form": form}
        about["back"] = self.address("change", key.pk)
        context = self.admin_site.each_context(request) | about
        return TemplateResponse(request, "admin/accounts/serverkey/rotate.html", context)

    def create(self, request: HttpRequest, form: Any) -> ServerKey:
        """Make the key and show it once."""
        row, credential = issue_server_key(**form.cleaned_data, by=actor_of(request))
        self.show_once(request, credential)
        return row


@admin.register(ApiToken)
class ApiTokenAdmin(KeyAdmin):
    """Tokens of people's scripts: everybody has their own; superusers see all."""

    add_form = ApiTokenForm
    shown = ("user", *KeyAdmin.shown)
    add_fieldsets = ((None, {"fields": ("user", "name", "expires_at")}),)
    list_display = ("name", "prefix", "user", "state", "last_used_at", "expires_at", "created_at")
    list_select_related = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return one's own tokens, or everybody's to a superuser."""
        access = access_of(request)
        return ApiToken.objects.select_related("user").filter(Q() if access.unlimited else Q(user=access.user))

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Tell whether the token is one's own."""
        access = access_of(request)
        return access.user.is_active and (obj is None or access.unlimited or obj.user_id == access.user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody have tokens: they can do no more than their owner."""
        return access_of(request).user.is_active

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Tell whether the token is one's own and in force."""
        return (obj is None or obj.revoked_at is None) and self.has_view_permission(request, obj)

    def create(self, request: HttpRequest, form: Any) -> ApiToken:
        """Make the token and show it once."""
        row, credential = issue_api_token(**form.cleaned_data, by=actor_of(request))
        self.show_once(request, credential)
        return row
