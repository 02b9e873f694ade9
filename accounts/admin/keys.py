"""Server keys and API tokens: made, shown once, revoked. What is stored of a secret is never shown."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.filters import EnvironmentFilter, ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import pill
from accounts.admin.requests import access_of, actor_of
from accounts.credentials import Credential
from accounts.forms import ApiTokenForm, RevokeForm, ServerKeyForm
from accounts.models import ApiToken, Key, ServerKey
from accounts.roles import Ability
from accounts.services import issue_api_token, issue_server_key, revoke_key
from flagsite.lib import clock


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
