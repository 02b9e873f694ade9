"""The admin as a whole: what its sidebar offers, and where people change their own password.

The pages themselves stand in the apps, on `accounts.admin.guarded`.
"""

from functools import partial
from typing import Any, Final

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from accounts.actors import Actor
from accounts.services import set_password

SIDEBAR: Final = (
    (
        "Flags",
        (
            ("Flags", "flag", "flags.Flag"),
            ("Segments", "group", "segments.Segment"),
            ("Change requests", "rate_review", "flags.ChangeRequest"),
            ("History", "history", "flags.Revision", "timeline"),
            ("Revisions", "commit", "flags.Revision"),
        ),
    ),
    (
        "Reports",
        (
            ("Evaluations", "monitoring", "flags.EvaluationCount"),
            ("Events", "ads_click", "flags.TrackedEvent"),
        ),
    ),
    (
        "Project",
        (
            ("Projects", "folder", "accounts.Project"),
            ("Environments", "dns", "accounts.Environment"),
            ("Server keys", "key", "accounts.ServerKey"),
            ("API tokens", "badge", "accounts.ApiToken"),
            ("People", "person", "accounts.User"),
            ("Audit log", "list", "auditlog.LogEntry"),
        ),
    ),
)
"""Groups of links: title, icon, the model, and the page of it that it opens when that is not its list."""
HISTORY: Final = frozenset({"flags_revision_timeline", "flags_revision_item", "flags_revision_as_of"})
"""Pages that belong to the link to the history, though their addresses begin like those of the revisions."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar with the links that the person may use; a group without any is left out."""
    groups = [
        {"title": title, "items": [_link(request, *entry) for entry in entries if _may_open(entry[2], request)]}
        for title, entries in SIDEBAR
    ]
    return [group for group in groups if group["items"]]


def _may_open(label: str, request: HttpRequest) -> bool:
    return bool(site.get_model_admin(apps.get_model(label)).has_module_permission(request))


def _link(request: HttpRequest, title: str, icon: str, label: str, page: str = "changelist") -> dict[str, Any]:
    link: dict[str, Any] = {"title": title, "icon": icon}
    link["link"] = reverse(f"admin:{label.replace('.', '_').lower()}_{page}")
    if request.resolver_match and request.resolver_match.url_name in HISTORY:
        link["active"] = page == "timeline"
    return link


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """Django's form for one's own password, saved by the service."""

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by = by

    def save(self, commit: bool = True) -> Any:
        """Set the password; Django's view saves at once or not at all."""
        del commit
        set_password(self.user, password=self.cleaned_data["new_password1"], by=self._by)
        return self.user


BUILT_BY_ALPINE: Final = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}
"""What the admin's pages may beside the policy of all: Alpine compiles the expressions in Unfold's attributes, and sets
styles of single elements. Scripts and style sheets still come from our files, or carry the request's nonce."""


class FlagsiteAdmin(UnfoldAdminSite):
    """Unfold's site, with nothing saved past the services."""

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Leave the colours to flagsite/colors.css; Unfold would write them into the page, without a nonce."""
        context: dict[str, Any] = super().each_context(request)
        return {**context, "colors": {}}

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Guard a page as Django does, and let it do what Unfold's pages do."""
        return csp_update(BUILT_BY_ALPINE)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Show the sign-in page, which is one of Unfold's as well."""
        page = partial(super().login, extra_context=extra_context)
        return csp_update(BUILT_BY_ALPINE)(page)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Let the person change their own password."""
        from accounts.admin.requests import actor_of  # the apps' pages register on this site while they are imported

        page = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, by=actor_of(request)),
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
            template_name=self.password_change_template or "registration/password_change_form.html",
        )
        return page(request)
