"""Connections of webhooks: the name is resolved once, every address is judged, and the one judged is connected to.

So a name that resolves to something else a moment later (DNS rebinding) changes nothing. TLS is still verified against
the name, by httpcore. One deadline stands over everything: resolving, connecting, TLS, writing and reading, however
slowly the other side drips.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpcore

from rollouts.notices.endpoints import Endpoint
from rollouts.notices.networks import PUBLIC_PORTS, Address, address_in, is_allowed, is_public

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10
TOTAL_SECONDS: Final = 15


class OutOfBounds(Exception):
    """The address may not be reached; the message says why, and names no other address of our network."""


class Deadline:
    """How much time there is left."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def at_most(self, seconds: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Return how long to wait for something that may take so long.

        Raises:
            TimeoutException: the one that was named, when there is no time left.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise late("The whole took too long.")
        return left if seconds is None else min(left, seconds)


class BoundedStream(httpcore.NetworkStream):
    """A connection under a deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes in time."""
        return self._stream.read(max_bytes, self._deadline.at_most(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write as long as there is time."""
        self._stream.write(buffer, self._deadline.at_most(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS, verified against the name."""
        left = self._deadline.at_most(timeout, httpcore.ConnectTimeout)
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of a connection."""
        return self._stream.get_extra_info(info)


class JudgedBackend(httpcore.NetworkBackend):
    """Connects to the host of an endpoint, if that leads to where it may, and to nothing else."""

    def __init__(self, endpoint: Endpoint, *, allowed: Sequence[str], deadline: Deadline) -> None:
        self._endpoint = endpoint
        self._allowed = allowed
        self._deadline = deadline
        self._connecting = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers, of a name all of whose addresses may be reached.

        Raises:
            OutOfBounds: when one of them may not.
            ConnectError, ConnectTimeout: when none answers, or the name has none.
        """
        del local_address
        failure: Exception = httpcore.ConnectError("The name has no address.")
        for address in judged(resolve(host, port), self._endpoint, allowed=self._allowed):
            left = self._deadline.at_most(timeout, httpcore.ConnectTimeout)
            try:
                connected = self._connecting.connect_tcp(str(address), port, left, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return BoundedStream(connected, self._deadline)
        raise failure

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        """Refuse: no webhook lives in a file."""
        del path, timeout, socket_options
        raise OutOfBounds("A webhook is reached by a network.")


def resolve(host: str, port: int) -> list[Address]:
    """Return every address of the name, in the resolver's order.

    Raises:
        ConnectError: when it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore.ConnectError("The name could not be resolved.") from None
    addresses = (address_in(str(entry[4][0])) for entry in found)
    return list(dict.fromkeys(address for address in addresses if address is not None))


def judged(addresses: Sequence[Address], endpoint: Endpoint, *, allowed: Sequence[str]) -> Sequence[Address]:
    """Return the addresses when each of them may be reached.

    Raises:
        OutOfBounds: when one may not.
    """
    for address in addresses:
        if is_allowed(address, allowed):
            continue
        if not is_public(address):
            raise OutOfBounds("The name leads to an address that is not public (WEBHOOK_ALLOWED_NETWORKS).")
        if endpoint.scheme != "https":
            raise OutOfBounds("A public address is reached by https only.")
        if endpoint.port not in PUBLIC_PORTS:
            raise OutOfBounds("A public address is reached at port 443 or 8443 only.")
    return addresses
