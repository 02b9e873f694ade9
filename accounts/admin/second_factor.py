"""Where people set up, renew and remove their own second factor; allauth's pages, dressed as the admin's.

A page is reached through `admin.site.admin_view`; allauth asks for a fresh proof before anything is changed.
"""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401 - they register pages on which rows would be written past the services
from allauth.account.forms import ReauthenticateForm
from allauth.account.models import EmailAddress
from allauth.account.views import ReauthenticateView
from allauth.mfa.base.forms import ReauthenticateForm as AllauthCodeForm
from allauth.mfa.base.views import IndexView
from allauth.mfa.base.views import ReauthenticateView as AllauthCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView, GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.admin.entrance import CODE_ATTRIBUTES, AsksForCode
from accounts.admin.requests import access_of, actor_of
from accounts.second_factors import lacks_second_factor
from accounts.services import record_second_factor

for model in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

APP, CODES = "authenticator app", "recovery codes"


class Dressed:
    """A page of allauth's inside the admin's frame."""

    title = "Second factor"
    button = "Go on"
    back_button = ""
    variant = "primary"
    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the admin's frame needs beside what the page needs."""
        about: dict[str, Any] = {name: getattr(self, name) for name in ("title", "button", "back_button", "variant")}
        about["required"] = lacks_second_factor(access_of(self.request))
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs), **about}  # type: ignore[misc]  # a mixin


class Recorded:
    """A page whose form, once it is right, is written down with what it changes."""

    request: Any
    old: str | None = None
    new: str | None = None

    def form_valid(self, form: Any) -> HttpResponse:
        """Change and write down, both or neither."""
        with transaction.atomic():
            actor = actor_of(self.request)
            answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # a mixin
            record_second_factor(self.request.user, old=self.old, new=self.new, by=actor)
        return answer


class SetUpForm(ActivateTOTPForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget = UnfoldAdminTextInputWidget(attrs=CODE_ATTRIBUTES)
        self.fields["code"].label = "Code that the app shows now"


class PasswordAgainForm(ReauthenticateForm):
    """One's password, once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget = UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "current-password", "autofocus": ""}
        )


class CodeAgainForm(AsksForCode, AllauthCodeForm):
    """A code, once more."""


class OverviewPage(Dressed, IndexView):
    """What one has, and what one can do about it."""

    template_name = "admin/accounts/second_factor/overview.html"


class SetUpPage(Recorded, Dressed, ActivateTOTPView):
    """A picture for the app to scan, and its first code as the proof."""

    title, new = "Set up an authenticator app", APP
    button, back_button = "Set up", "Not now"
    form_class = SetUpForm
    template_name = "admin/accounts/second_factor/set_up.html"


class RemovePage(Recorded, Dressed, DeactivateTOTPView):
    """Asks once more before the app is no second factor any longer."""

    title, old = "Remove the authenticator app", APP
    button, back_button, variant = "Remove", "Keep it", "danger"
    template_name = "admin/accounts/second_factor/remove.html"


class CodesPage(Dressed, ViewRecoveryCodesView):
    """The recovery codes that are left."""

    title = "Recovery codes"
    template_name = "admin/accounts/second_factor/codes.html"


class NewCodesPage(Recorded, Dressed, GenerateRecoveryCodesView):
    """Asks once more before the old codes open nothing any longer."""

    title, old, new = "New recovery codes", CODES, f"new {CODES}"
    button, back_button = "Make new codes", "Keep the old ones"
    template_name = "admin/accounts/second_factor/new_codes.html"


class PasswordAgainPage(Dressed, ReauthenticateView):
    """Asks for the password before something is changed."""

    title = "Is it still you?"
    form_class = PasswordAgainForm
    template_name = "admin/accounts/second_factor/again.html"


class CodeAgainPage(Dressed, AllauthCodeView):
    """Asks for the second factor before something is changed."""

    title = "Is it still you?"
    form_class = CodeAgainForm
    template_name = "admin/accounts/second_factor/again.html"


overview = OverviewPage.as_view()
set_up = SetUpPage.as_view()
remove = RemovePage.as_view()
codes = CodesPage.as_view()
new_codes = NewCodesPage.as_view()
download_codes = DownloadRecoveryCodesView.as_view(template_name="admin/accounts/second_factor/codes.txt")
password_again = PasswordAgainPage.as_view()
code_again = CodeAgainPage.as_view()
