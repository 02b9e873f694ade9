"""Addresses of signing in and of one's own second factor, beside those of the admin; allauth knows them by name."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from accounts.admin import openid_connect, second_factor
from accounts.admin.acceptance import acceptance_page
from accounts.admin.entrance import second_factor_page

own = admin.site.admin_view

urlpatterns = [
    path("sign-in/", RedirectView.as_view(pattern_name="admin:login"), name="account_login"),
    path("sign-in/second-factor/", second_factor_page, name="mfa_authenticate"),
    path("sign-in/<slug:provider_id>/", openid_connect.to_provider, name="openid_connect_login"),
    path("sign-in/<slug:provider_id>/callback/", openid_connect.from_provider, name="openid_connect_callback"),
    path("invitation/<str:token>/", acceptance_page, name="accounts_invitation_accept"),
    path("second-factor/", own(second_factor.overview), name="mfa_index"),
    path("second-factor/set-up/", own(second_factor.set_up), name="mfa_activate_totp"),
    path("second-factor/remove/", own(second_factor.remove), name="mfa_deactivate_totp"),
    path("second-factor/codes/", own(second_factor.codes), name="mfa_view_recovery_codes"),
    path("second-factor/codes/new/", own(second_factor.new_codes), name="mfa_generate_recovery_codes"),
    path("second-factor/codes/download/", own(second_factor.download_codes), name="mfa_download_recovery_codes"),
    path("second-factor/password/", own(second_factor.password_again), name="account_reauthenticate"),
    path("second-factor/code/", own(second_factor.code_again), name="mfa_reauthenticate"),
]
