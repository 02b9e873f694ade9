"""The HTTP protocol of our uvicorn processes: uvicorn's own, which can give a connection away to a stream of events.

An application that takes it (`flags.stream.lines.HAND_OVER` in the scope's extensions) writes the response itself.
Knows nothing of what is sent. It also sees by its first bytes that a connection wants the WebSocket, and lets that
protocol read the handshake: uvicorn would read it here, write it out again and let it be read a second time.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected

from flags.stream.event_line import EventLine
from flags.stream.lines import HAND_OVER, Encode
from flags.stream.sockets import Pings

REQUEST_SECONDS: Final = 10
"""For which a new connection may take to say what it wants; uvicorn would wait for ever."""
_FOR_THE_STREAM: Final = (b"GET /sdk/stream?", b"GET /sdk/stream ")


class EventStreamProtocol(H11Protocol):
    """uvicorn's protocol up to the request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._served = self.app
        self.app = self._serve

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Give the client some time to say what it wants."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._patience.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a request, unless it is one for the stream."""
        if self.cycle is None and data.startswith(_FOR_THE_STREAM) and self.ws_protocol_class is not None:
            self.connections.discard(self)
            websocket: Any = self.ws_protocol_class(
                config=self.config, server_state=self.server_state, app_state=self.app_state
            )
            self.transport.set_protocol(websocket)
            websocket.connection_made(self.transport)
            websocket.patience = self._patience
            websocket.data_received(data)
        else:
            super().data_received(data)
            if self.cycle is not None:  # uvicorn has its own time-outs from here on
                self._patience.cancel()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"] = {HAND_OVER: {"line": self._hand_over}}
        await self._served(scope, receive, send)

    def _hand_over(self, encode: Encode, head: bytes) -> EventLine:
        """Give the connection away, as a line; uvicorn's part of it ends here.

        Raises:
            ClientDisconnected: when the client has gone meanwhile.
        """
        cycle = self.cycle
        if cycle.disconnected or self.transport.is_closing():
            raise ClientDisconnected
        cycle.disconnected = True  # or uvicorn would miss its response
        cycle.on_response = lambda: None
        self.flow.resume_reading()
        self.connections.discard(self)
        pings = Pings(self.config.ws_ping_interval or 0.0, self.config.ws_ping_timeout or 0.0)
        return EventLine(self.transport, head=head, encode=encode, connections=self.connections, pings=pings)
