"""The address of a webhook as people write it: read, and refused when it could never be reached. Pure.

What it says of networks is a courtesy to whoever writes it down; what protects them is `rollouts.notices.connecting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from rollouts.notices.networks import PUBLIC_PORTS, address_in, is_allowed, is_public

_PORTS: Final = {"https": 443, "http": 80}


class BadEndpoint(ValueError):
    """No webhook can have this address; the message says why."""


@dataclass(frozen=True)
class Endpoint:
    """An `http` or `https` address in its parts; `path` carries the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def masked(self) -> str:
        """Return what may be shown to anybody: some services put a secret into the path."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}" + ("/" if self.path == "/" else "/…")


def endpoint_of(text: str) -> Endpoint:
    """Return the parts.

    Raises:
        BadEndpoint: when it is no address that can be asked.
    """
    if not text.isascii() or any(letter <= " " or letter == "\x7f" for letter in text):
        raise BadEndpoint("Write it without spaces and in ASCII (`xn--…` for other letters).")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadEndpoint("This is no address.") from None
    if parts.scheme not in _PORTS or not host:
        raise BadEndpoint("Must begin with `https://` and a host.")
    if parts.username is not None or parts.password is not None:
        raise BadEndpoint("Must not hold a name or a password; what is sent is signed instead.")
    if parts.fragment or "\\" in text:
        raise BadEndpoint("Must have neither `#` nor `\\`.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host.rstrip("."), _PORTS[parts.scheme] if port is None else port, path)


def check_endpoint(endpoint: Endpoint, *, allowed: Sequence[str]) -> None:
    """Refuse what can be seen to be out of reach without asking anybody.

    Raises:
        BadEndpoint: saying what would have to be allowed.
    """
    address = address_in(endpoint.host)
    if address is not None:
        if is_allowed(address, allowed):
            return
        if not is_public(address):
            raise BadEndpoint(
                "This address is not public; the operator can allow its network (WEBHOOK_ALLOWED_NETWORKS)."
            )
    elif allowed:
        return  # a name may lead into what is allowed
    elif endpoint.host == "localhost" or endpoint.host.endswith(".localhost"):
        raise BadEndpoint("This is the server itself; the operator can allow its network (WEBHOOK_ALLOWED_NETWORKS).")
    if endpoint.scheme != "https":
        raise BadEndpoint("Must begin with `https://`.")
    if endpoint.port not in PUBLIC_PORTS:
        raise BadEndpoint(f"The port must be {' or '.join(map(str, sorted(PUBLIC_PORTS)))}.")
