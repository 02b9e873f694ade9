"""Addresses: ip_in.

An IPv4 address that arrives mapped into IPv6 (`::ffff:192.0.2.1`, as dual-stack sockets report it) is taken
for the IPv4 address that it is, and so is a value that is written like that.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from flagsite_sdk.engine.operators.operator import Code, Fault, Operator, each, items

LONGEST = 64
"""Longer text is no address (and is not kept in the cache)."""

Address = tuple[int, int]
"""The version (4 or 6) and the address as a number."""
Networks = tuple[tuple[int, int, int], ...]
"""The version, and the first and the last address of each network."""
_MAPPED = 96
"""Bits of an IPv6 address in front of an IPv4 address that is mapped into it (RFC 4291, 2.5.5.2)."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


def _network(text: Any) -> IPv4Network | IPv6Network:
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError("Must be an IP address or a network in CIDR notation.")
    _, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdecimal()):
        raise ValueError(f"{text!r} has no prefix length after the slash.")
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED:
        mapped = network.network_address.ipv4_mapped
        return network if mapped is None else IPv4Network((mapped, network.prefixlen - _MAPPED))
    return network


def networks(value: Any) -> Networks:
    """One address or network, or a list of them, as ranges of numbers."""
    found = map(_network, items(value))
    return tuple((one.version, int(one.network_address), int(one.broadcast_address)) for one in found)


def lies_in(text: Any, ranges: Networks) -> bool:
    """Whether a text is an address in one of the ranges."""
    address = _parse(text) if isinstance(text, str) and len(text) <= LONGEST else None
    if address is None:
        return False
    version, number = address
    return any(version == kind and first <= number <= last for kind, first, last in ranges)


def _fault(value: Any) -> str | None:
    try:
        _network(value)
    except ValueError as error:
        return str(error)
    return None


def _check(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    yield from each(value, _fault)


def _test(actual: Any, value: Any, _ignore_case: bool, _now: float) -> bool:
    return lies_in(actual, networks(value))


def _code(value: Any, _ignore_case: bool) -> Code:
    return Code("lies_in({read}, {0})", (networks(value),))


OPERATORS = (
    Operator(
        name="ip_in",
        meaning="The attribute is an IP address in the network.",
        attribute="IP address",
        operand="an IPv4 or IPv6 address or network (CIDR), or a non-empty list of them",
        check=_check,
        test=_test,
        code=_code,
        negation="not_ip_in",
    ),
)
HELPERS = {"lies_in": lies_in}
