"""From which address a request came, believing `CLIENT_ADDRESS_HEADER` only from trusted proxies.

A header that anybody can write proves nothing: without `TRUSTED_PROXIES` it is ignored, and what is not an address
is never passed on to be stored.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

_REMEMBERED: Final = 500
"""Characters of a header that is remembered; anybody can send a longer one."""


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address as text, or None when there is none (a Unix socket)."""
    return address_behind(request.META)


def address_behind(environ: Mapping[str, Any]) -> str | None:
    """Return the same for a request of which only WSGI's environment is there."""
    trusted = tuple(settings.TRUSTED_PROXIES)
    forwarded = environ.get(_variable(settings.CLIENT_ADDRESS_HEADER), "") if trusted else ""
    nearest = _nearest if len(forwarded) <= _REMEMBERED else _nearest.__wrapped__
    return nearest(environ.get("REMOTE_ADDR", ""), forwarded, trusted)


def address_told(remote: str, header: Callable[[str], str]) -> str | None:
    """Return the same for a request of which `header` gives the text of a header, nothing where there is none."""
    name = settings.CLIENT_ADDRESS_HEADER
    return address_behind({"REMOTE_ADDR": remote, _variable(name): header(name)})


@lru_cache(maxsize=8)
def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


@lru_cache(maxsize=1024)
def _nearest(remote: str, forwarded: str, trusted: tuple[str, ...]) -> str | None:
    nearest = _address(remote)
    proxies = _networks(trusted)
    if nearest is None or not _within(nearest, proxies):
        return str(nearest) if nearest else None
    for hop in reversed(forwarded.split(",")):
        address = _address(hop)
        if address is None:
            break  # garbage ends the chain of what can be believed
        nearest = address
        if not _within(address, proxies):
            break
    return str(nearest)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip().partition("%")[0])  # the scope of fe80::1%eth0 means nothing elsewhere
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _networks(listed: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry, strict=False) for entry in listed)


def _within(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
