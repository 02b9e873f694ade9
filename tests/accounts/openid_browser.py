"""A browser that goes to the tests' OpenID provider and comes back."""

from typing import Any, Final

import requests
from django.test import Client

DOOR: Final = "/admin/sign-in/oidc/"


class Provider:
    """The provider, and a browser that goes there and back."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def expects(self, sub: str, email: str, *, verified: bool = True, **also: Any) -> None:
        claims = {"sub": sub, "email": email, "email_verified": verified, **also.pop("claims", {})}
        requests.post(f"{self.issuer}/next", json={"claims": claims, **also}, timeout=5)

    def way_back(self, client: Client, wanted: str = "/admin/") -> str:
        """Go from the sign-in page to the provider; return the address to which it sends the browser back."""
        there = client.get(DOOR, {"next": wanted})
        assert there.status_code == 302, there.content
        assert there.headers["Location"].startswith(f"{self.issuer}/authorize?")
        answer = requests.get(there.headers["Location"], allow_redirects=False, timeout=5)
        return str(answer.headers["Location"])

    def sign_in(self, client: Client | None = None, wanted: str = "/admin/", **headers: Any) -> Any:
        client = client or Client()
        answer = client.get(self.way_back(client, wanted), **headers)
        answer.client = client
        return answer


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200
