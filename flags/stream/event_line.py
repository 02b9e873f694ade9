"""A stream of server-sent events as a line: an HTTP response that ends when either side closes the connection."""

import asyncio
from typing import Any

from flags.stream.frames import event_goodbye
from flags.stream.lines import GONE, Encode
from flags.stream.sockets import Pings, SocketLine

CLOSED = 1000
"""A client has no other way to end it than to close the connection; counted like a WebSocket's goodbye."""


class EventLine(SocketLine):
    """One of which nothing is sent yet."""

    __slots__ = ()

    def __init__(
        self, transport: asyncio.Transport, *, head: bytes, encode: Encode, connections: set[Any], pings: Pings
    ) -> None:
        """Take it over, and begin the response with `head`."""
        super().__init__(transport, encode=encode, connections=connections, pings=pings)
        transport.write(head)

    def data_received(self, data: bytes) -> None:
        """Ignore it: there is one request on such a connection."""

    def close(self, code: int, reason: str = "") -> None:
        """Say when to come back, and end the response; of a client that reads nothing, abort it."""
        super().close(code, reason)
        if self._rest is None:
            self._end()

    def _goodbye(self, code: int, reason: str) -> bytes:
        del reason
        return event_goodbye(code)

    def _ping(self) -> bytes:
        return b""  # there is no answer to ask for: who reads nothing is found by what is left to be read

    def _ended_with(self, exc: Exception | None) -> int:
        return CLOSED if exc is None else GONE
