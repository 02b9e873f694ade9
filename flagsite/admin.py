"""The admin as a whole: what its sidebar and its account menu offer, and where people change their own password.

The pages themselves stand in the apps, on `accounts.admin.guarded`.
"""

from functools import partial, wraps
from typing import Any, Final

from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from accounts.actors import Actor
from accounts.services import set_password
from flagsite.lib.content_security import built_by_alpine

SIDEBAR: Final = (
    (
        "Flags",
        (
            ("Flags", "flag", "flags.Flag"),
            ("Segments", "group", "segments.Segment"),
            ("Ramps", "trending_up", "rollouts.Ramp"),
            ("Ramp templates", "stacked_line_chart", "rollouts.RampTemplate"),
            ("Change requests", "rate_review", "flags.ChangeRequest"),
            ("Tester", "science", "flags.Flag", "tester"),
            ("Compare", "compare_arrows", "flags.Flag", "compare"),
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
        "Notices",
        (
            ("Webhooks", "webhook", "rollouts.Webhook"),
            ("E-mail notices", "forward_to_inbox", "rollouts.MailNotice"),
            ("Deliveries", "outbox", "rollouts.Delivery"),
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
            ("Invitations", "mail", "accounts.Invitation"),
            ("Audit log", "list", "auditlog.LogEntry"),
        ),
    ),
)
"""Groups of links: title, icon, the model, and the page of it that it opens when that is not its list."""
OWN_LINKS: Final = {
    "flags_revision_timeline": "timeline",
    "flags_revision_item": "timeline",
    "flags_revision_as_of": "timeline",
    "flags_flag_tester": "tester",
    "flags_flag_compare": "compare",
}
"""By name of a page the link that it belongs to, though its address begins like that of a list."""


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
    if request.resolver_match and request.resolver_match.url_name in OWN_LINKS:
        link["active"] = page == OWN_LINKS[request.resolver_match.url_name]
    return link


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """Return what the menu of one's own account offers, beside signing out."""
    links = [{"title": "Second factor", "link": reverse("mfa_index")}]
    if isinstance(request.user, AbstractBaseUser) and request.user.has_usable_password():
        links.insert(0, {"title": "Change password", "link": reverse("admin:password_change")})
    return links


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


OPEN_WITHOUT_SECOND_FACTOR: Final = frozenset({"logout", "jsi18n", "password_change", "password_change_done"})
"""Names of pages that somebody may open who still has to set up a second factor."""
OF_ALLAUTH: Final = ("mfa_", "account_")
"""How the names begin of the pages where one is set up, and of the proofs that they ask for."""


def _after_second_factor(view: Any) -> Any:
    """Lead whoever has to set up a second factor there first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        from accounts.admin.requests import access_of
        from accounts.second_factors import lacks_second_factor

        name = request.resolver_match.url_name or "" if request.resolver_match else ""
        is_open = name in OPEN_WITHOUT_SECOND_FACTOR or name.startswith(OF_ALLAUTH)
        if not is_open and lacks_second_factor(access_of(request)):
            return HttpResponseRedirect(reverse("mfa_index"))
        return view(request, *args, **kwargs)

    return guarded


class FlagsiteAdmin(UnfoldAdminSite):
    """Unfold's site, with nothing saved past the services."""

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Leave the colours to flagsite/colors.css; Unfold would write them into the page, without a nonce."""
        context: dict[str, Any] = super().each_context(request)
        return {**context, "colors": {}}

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Guard a page as Django does, and let it do what Unfold's pages do."""
        return built_by_alpine(super().admin_view(_after_second_factor(view), cacheable))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Answer the sidebar's search box; Unfold's own answer knows no flags, and is remembered for minutes."""
        from flagsite.finding import found  # the apps' pages register on this site while they are imported

        text = request.GET.get("s", "").strip()
        answer = {"text": text, "results": found(request, text, navigation(request)), **(extra_context or {})}
        return TemplateResponse(request, "unfold/helpers/search_results.html", answer)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Show the sign-in page, which is one of Unfold's as well; a right password may not be all that it takes."""
        from accounts.admin.entrance import SignInPage  # the apps' pages register on this site while they are imported

        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {**self.each_context(request), "title": "Sign in", "app_path": request.get_full_path()}
        page = SignInPage.as_view(
            authentication_form=self.login_form,
            template_name="admin/accounts/entrance/sign_in.html",
            extra_context={**context, **(extra_context or {})},
        )
        answer: HttpResponseBase = built_by_alpine(never_cache(page))(request)
        return answer

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
