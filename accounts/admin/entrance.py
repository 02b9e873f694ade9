"""The pages before one is in: name and password, the second factor, and why somebody is not let in."""

from functools import partial
from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.app_settings import TOTP_PERIOD
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.views import AuthenticateView
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.lock_outs import count_failure, may_try
from accounts.models import User
from flagsite.lib.content_security import built_by_alpine

CODE_ATTRIBUTES = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": "", "maxlength": "16"}


def openid_offer(wanted: str) -> dict[str, str]:
    """Return what a page needs to offer the OpenID provider, which leads on to the wanted page."""
    if not settings.OIDC_ISSUER:
        return {}
    address = f"{reverse('openid_connect_login', args=['oidc'])}?{urlencode({'next': wanted})}"
    return {"openid_name": settings.OIDC_NAME, "openid_address": address}


class SignInPage(LoginView):
    """The admin's sign-in: what follows a right password is allauth's decision."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Let the person in, or ask for their second factor first."""
        user = form.get_user()
        login = Login(user=user, redirect_url=self.get_success_url())
        answer: HttpResponse = perform_password_login(self.request, {"username": user.get_username()}, login)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer the OpenID provider, when there is one."""
        return {**super().get_context_data(**kwargs), **openid_offer(self.get_success_url())}


class AsksForCode:
    """A form with a field for a code of the authenticator app, or one of the recovery codes."""

    fields: dict[str, Any]
    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget = UnfoldAdminTextInputWidget(attrs=CODE_ATTRIBUTES)
        self.fields["code"].label = "Code"
        self.fields["code"].help_text = "The six digits of your authenticator app, or a recovery code."

    def clean_code(self) -> str:
        """Return a code that is right and unused: it is right for three periods, and allauth remembers it for one."""
        code: str = super().clean_code()  # type: ignore[misc]  # a mixin
        used = f"second-factor-used:{self.user.pk}:{normalize_user_code(code)}"
        if not cache.add(used, 1, timeout=3 * TOTP_PERIOD):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(AsksForCode, AuthenticateForm):
    """The code that is asked for at the door."""


class SecondFactorPage(AuthenticateView):
    """Asks for the second factor; a wrong one counts like a wrong password."""

    form_class = CodeForm
    template_name = "admin/accounts/entrance/second_factor.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Look at the code, unless too many were wrong."""
        if not may_try(request, self._name):
            return HttpResponse(status=429)  # axes' middleware puts the page in its place
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """Count the failure, and let it be written down."""
        count_failure(self.request, self._name)
        answer: HttpResponse = super().form_invalid(form)
        return answer

    @property
    def _name(self) -> str:
        user: User = self.stage.login.user
        return user.get_username()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the page as one of Unfold's."""
        about = {"title": "Second factor", "sign_in": reverse("admin:login")}
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs), **about}


second_factor_page = built_by_alpine(SecondFactorPage.as_view())


def not_let_in(request: HttpRequest, *, why: str, status: int = 403) -> HttpResponse:
    """Say why somebody is not let in, and lead back to the sign-in."""
    context = {**admin.site.each_context(request), "title": "Not signed in", "why": why}
    page = built_by_alpine(partial(render, template_name="admin/accounts/entrance/not_let_in.html"))
    answer: HttpResponse = page(request, context=context, status=status)
    return answer
