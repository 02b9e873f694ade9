"""Which addresses a webhook may reach: public ones, and the networks that the operator has allowed. Pure.

Flagsite stands inside somebody's network and sends requests to addresses that its users write down: without this, they
could make it ask what they cannot reach themselves (server-side request forgery). What counts is the address that is
connected to, never the name: whoever owns a name decides what it resolves to, and may change their mind in between.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PUBLIC_PORTS: Final = frozenset({443, 8443})
"""Ports of public addresses that may be reached, by `https` only. In allowed networks: any port, and `http` too."""

_NAT64: Final = ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ip_network("::/96")
_LISTED: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's translation, and where some clouds keep their metadata
        "168.63.129.16/32",  # public by its number, but what Azure answers its own machines at
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # among them Teredo, which wraps an IPv4 address
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",  # among them fd00:ec2::254, AWS's metadata
        "fe80::/10",
        "fec0::/10",
    )
)
"""Not public, whatever the version of Python thinks; from IANA's registries of special-purpose addresses."""


def address_in(text: str) -> Address | None:
    """Return the address that a text is, without the interface after `%`; None when it is a name."""
    try:
        return ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_allowed(address: Address, networks: Sequence[str]) -> bool:
    """Tell whether the operator has allowed the address, or the one that it wraps."""
    meant = _unwrapped(address)
    return any(one in ip_network(network, strict=False) for network in networks for one in (address, meant))


def is_public(address: Address) -> bool:
    """Tell whether the address is one that anybody on the internet could reach as well."""
    meant = _unwrapped(address)
    if not meant.is_global or meant.is_multicast or meant.is_reserved or meant.is_unspecified or meant.is_loopback:
        return False
    return not any(meant in network for network in _LISTED)


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that is reached through an IPv6 one: mapped, compatible, 6to4, NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
