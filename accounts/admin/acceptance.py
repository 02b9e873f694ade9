"""The page to which the link of an invitation leads."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.admin.entrance import not_let_in, openid_offer
from accounts.errors import KeyTaken
from accounts.forms import NewcomerForm
from accounts.models import Invitation, User
from accounts.roles import Role, what_may
from accounts.services import accept_as, accept_as_new_person, invitation_of
from flagsite.lib.client_address import address_of
from flagsite.lib.content_security import built_by_alpine
from flagsite.lib.problems import Refusal


@built_by_alpine
@never_cache
@sensitive_post_parameters("password1", "password2")
def acceptance_page(request: HttpRequest, token: str) -> HttpResponse:
    """Let the invited person in: with a new password, by their provider, or as whom they are here already."""
    try:
        invitation = invitation_of(token)
        if request.user.is_authenticated:
            return _as_who_is_signed_in(request, invitation)
        known = User.objects.filter(email__iexact=invitation.email, is_active=True).first()
        return _page(request, invitation, known=known) if known else _as_somebody_new(request, invitation)
    except Refusal as refusal:
        return not_let_in(request, why=refusal.detail, status=refusal.status)


def _as_who_is_signed_in(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)  # noqa: S101 - somebody is signed in
    is_meant = person.email.lower() == invitation.email.lower()
    if request.method == "POST":
        accept_as(person, invitation, address=address_of(request))
        return HttpResponseRedirect(reverse("admin:index"))
    return _page(request, invitation, is_meant=is_meant, person=person)


def _as_somebody_new(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    instance = User(email=invitation.email)  # Django's validators compare the password with the address too
    form = NewcomerForm(request.POST or None, instance=instance)
    if request.method != "POST" or not form.is_valid():
        return _page(request, invitation, form=form)
    data = form.cleaned_data
    try:
        person = accept_as_new_person(
            invitation,
            username=data["username"],
            password=data["password1"],
            first_name=data["first_name"],
            last_name=data["last_name"],
            address=address_of(request),
        )
    except KeyTaken as refusal:
        form.add_error("username", refusal.detail)
        return _page(request, invitation, form=form)
    login = Login(user=person, redirect_url=reverse("admin:index"))
    answer: HttpResponse = perform_password_login(request, {"username": person.get_username()}, login)
    return answer


def _page(request: HttpRequest, invitation: Invitation, **about: Any) -> HttpResponse:
    roles = [(row.project, row.role, what_may(Role(row.role))) for row in invitation.roles.select_related("project")]
    back = urlencode({"next": request.get_full_path()})
    context = {
        **admin.site.each_context(request),
        "title": "You are invited",
        "invitation": invitation,
        "roles": roles,
        "sign_in": f"{reverse('admin:login')}?{back}",
        **openid_offer(reverse(settings.LOGIN_REDIRECT_URL)),
        **about,
    }
    return render(request, "admin/accounts/invitation/accept.html", context)
