"""A WebSocket as a line. What clients send the websockets library reads for us; only their pongs mean anything."""

import asyncio
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from flags.stream.lines import GONE, Encode
from flags.stream.sockets import Pings, SocketLine


class WebSocketLine(SocketLine):
    """One whose handshake is done."""

    __slots__ = ("_websocket",)

    def __init__(
        self,
        transport: asyncio.Transport,
        websocket: ServerProtocol,
        *,
        encode: Encode,
        connections: set[Any],
        pings: Pings,
    ) -> None:
        """Take it over; `websocket` is the server's side of it."""
        super().__init__(transport, encode=encode, connections=connections, pings=pings)
        self._websocket = websocket

    def data_received(self, data: bytes) -> None:
        """Answer pings and goodbyes; ignore everything else."""
        websocket = self._websocket
        websocket.receive_data(data)
        for event in websocket.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.PONG:
                self._answered = True
        self._write_between(b"".join(websocket.data_to_send()))
        if websocket.close_rcvd is not None or websocket.parser_exc is not None:
            self._end()

    def _goodbye(self, code: int, reason: str) -> bytes:
        self._websocket.send_close(code, reason)
        return b"".join(self._websocket.data_to_send())

    def _ping(self) -> bytes:
        self._websocket.send_ping(b"")
        return b"".join(self._websocket.data_to_send())

    def _ended_with(self, exc: Exception | None) -> int:
        del exc
        said = self._websocket.close_rcvd
        return said.code if said else GONE
