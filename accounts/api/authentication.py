"""`Authorization: Bearer …`: which key is asking."""

from dataclasses import dataclass

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import rates
from accounts.actors import Actor, Source
from accounts.credentials import Credential
from accounts.models import ApiToken, ServerKey, User
from accounts.querysets import key_in_force
from flagsite.lib.client_address import address_of
from flagsite.lib.problems import NotSignedIn


@dataclass(frozen=True)
class KeyHolder:
    """Who asks with a server key: a service, not a person."""

    key: ServerKey

    is_authenticated = True
    is_active = True

    @property
    def pk(self) -> None:
        """A service has no user row; request logs ask for one."""
        return


class BearerAuthentication(BaseAuthentication):
    """Accept both kinds of key; which kind a view wants is a permission."""

    def authenticate(self, request: Request) -> tuple[User | KeyHolder, ServerKey | ApiToken] | None:
        """Return who asks and the key they hold, or None when no key was sent.

        Raises:
            NotSignedIn: when a key was sent that opens nothing.
        """
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        key = key_of_header(header, address=address_of(request))
        return (KeyHolder(key) if isinstance(key, ServerKey) else key.user), key

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with a 401."""
        del request
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # published so
    """How the OpenAPI document names what is sent."""

    target_class = BearerAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the scheme; which kind of key an address wants, its description says."""
        del auto_schema
        return {"type": "http", "scheme": "bearer", "description": "`fs_api_…` for people, `fs_srv_…` for SDKs."}


def key_of_header(header: str, *, address: str | None = None) -> ServerKey | ApiToken:
    """Return the key in force that an Authorization header carries, sent from an address.

    Without an address, wrong keys are not limited in number.

    Raises:
        NotSignedIn: when the header is malformed or the key unknown, expired or revoked; which of these is not told.
        TooManyRequests: when too many wrong keys came from the address.
    """
    scheme, _, text = header.partition(" ")
    credential = Credential.parse(text.strip()) if scheme.lower() == "bearer" else None
    key = rates.look_up(credential, address, key_in_force) if credential else None
    if key is None:
        raise NotSignedIn("The key is not valid: it is malformed, unknown, expired or revoked.")
    return key


def actor_of(request: Request) -> Actor:
    """Return who makes a change through the REST API."""
    if not isinstance(request.user, User):
        raise NotSignedIn("A change is made by a person: send an API token (`fs_api_…`).")
    return Actor.person(request.user, source=Source.API, address=address_of(request))
