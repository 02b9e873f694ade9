"""Signing in by an OpenID provider: the way there and the way back.

allauth speaks the protocol (authorisation code with PKCE and a state bound to the session). Here every ID token's
signature is checked, whoever it came from, and whoever fails to sign in is counted like whoever fails with a password.
Who is let in is decided by `accounts.services.let_in`.
"""

import hashlib
from typing import Any, Final

import jwt
import requests
import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.admin.entrance import not_let_in
from accounts.claims import read_claims
from accounts.lock_outs import count_failure, may_try
from accounts.models import User
from accounts.services import let_in
from flagsite.lib.client_address import address_of
from flagsite.lib.problems import NotAllowed

log = structlog.get_logger(__name__)

FROM_HERE: Final = {None, "same-origin", "none"}
"""Values of `Sec-Fetch-Site` with which the way to the provider may begin: not by another site's link."""

SIGNED_BY_A_KEY: Final = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
"""Algorithms whose keys the provider publishes; none that a shared secret or nothing at all would satisfy."""


class CheckedProvider(OpenIDConnectOAuth2Adapter):
    """The provider, of which nothing is believed that its key has not signed."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            algorithm = jwt.get_unverified_header(id_token).get("alg")
        except jwt.PyJWTError as error:
            raise OAuth2Error("No ID token can be read") from error
        if algorithm not in SIGNED_BY_A_KEY:
            raise OAuth2Error(f"The ID token is signed by {algorithm}")
        read: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return read

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        """Return who comes; userinfo has to be about the same person as the ID token (OpenID Connect Core, 5.3.2)."""
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The answer has no ID token")
        login = super().complete_login(request, app, token, **kwargs)
        said = login.account.extra_data
        if said["userinfo"].get("sub") != said["id_token"]["sub"]:
            raise OAuth2Error("Userinfo is about somebody else")
        login.account.uid = account_number(said["id_token"]["iss"], said["id_token"]["sub"])
        return login


def account_number(issuer: str, subject: str) -> str:
    """Return by what the account is known here: subjects are unique at one issuer only, which may be replaced."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()


class Arrivals(DefaultSocialAccountAdapter):
    """What allauth asks about those who come from the provider."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Nobody signs up: who is let in has been found or created by then."""
        del request, sociallogin
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find or create the person, or end it here with a page that says why not."""
        said = sociallogin.account.extra_data
        claims = read_claims({**said["id_token"], **said["userinfo"]}, roles_claim=settings.OIDC_ROLES_CLAIM)
        sociallogin.account.extra_data = {}  # whom it is about is enough to know
        known: User | None = sociallogin.user if sociallogin.is_existing else None
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(_refuse(request, claims.email, "Accounts are linked by signing in."))
        try:
            person = let_in(claims, known=known, address=address_of(request))
        except NotAllowed as refusal:
            raise ImmediateHttpResponse(_refuse(request, claims.email, refusal.detail)) from None
        if known is None:
            sociallogin.connect(request, person)
        else:
            sociallogin.account.save(update_fields=["extra_data"])

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Say that it did not work; the reason is for the log only."""
        del provider, extra_context
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("admin:login")))
        log.warning("oidc_failed", error=error, reason=repr(exception))
        why = f"The sign-in by {settings.OIDC_NAME} did not work. Try again."
        raise ImmediateHttpResponse(_refuse(request, "", why))


def _refuse(request: HttpRequest, name: str, why: str) -> HttpResponse:
    if may_try(request, name):
        count_failure(request, name)
    return not_let_in(request, why=why)


@never_cache
def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, and remember which page was wanted."""
    if request.method != "GET" or request.headers.get("Sec-Fetch-Site") not in FROM_HERE:
        return HttpResponseRedirect(reverse("admin:login"))
    wanted = QueryDict(mutable=True)
    wanted["next"] = request.GET.get("next", "")
    request.GET = wanted  # type: ignore[assignment]  # allauth would take other parts of the protocol from here too
    return _speak(OAuth2LoginView, request, provider_id)


@never_cache
def from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider sends back."""
    return _speak(OAuth2CallbackView, request, provider_id)


def _speak(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = view.adapter_view(CheckedProvider(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (requests.RequestException, KeyError, ValueError) as error:
        log.exception("oidc_provider_away", reason=repr(error))
        return not_let_in(
            request, why=f"{settings.OIDC_NAME} does not answer as it should. Try again later.", status=502
        )
    return answer
