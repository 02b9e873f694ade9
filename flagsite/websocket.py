"""The WebSocket protocol of our uvicorn processes: it shakes hands, and then gives the connection away.

uvicorn keeps a task, a queue and two timers for each connection, and goes through all of them for each message. An
application that wants none of it finds in the scope's extensions a way to take the accepted connection over
(`flags.stream.lines.HAND_OVER`). Knows nothing of what is sent.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from flags.stream.lines import HAND_OVER, Encode
from flags.stream.sockets import Pings
from flags.stream.websocket_line import WebSocketLine

_LOGGER: Final = logging.getLogger("flagsite.websocket")
_LOGGER.setLevel(logging.WARNING)  # uvicorn and websockets write two lines for each handshake, a quarter of its cost


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol up to the handshake."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = self.conn.logger = _LOGGER
        self.patience: asyncio.TimerHandle | None = None
        """What ends the connection unless the handshake comes."""

    def handle_connect(self, event: Request) -> None:
        """Offer the connection to the application, which runs after this."""
        if self.patience is not None:
            self.patience.cancel()
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self.scope["headers"] = [(name.lower(), value) for name, value in self.scope["headers"]]
            self.scope["extensions"][HAND_OVER] = {"line": self._hand_over}

    async def send(self, message: Any) -> None:
        """Hand a message on. A handshake that was refused whole is complete; uvicorn would log an error for each."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """Abort: to close politely is to wait until a client that does not read has read everything."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Send who is not let in yet elsewhere; the server stops."""
        if self.handshake_complete or self.transport.is_closing():
            super().shutdown()
            return
        response = self.conn.reject(HTTPStatus.SERVICE_UNAVAILABLE, "This process stops.\n")
        response.headers["Retry-After"] = "1"
        self.conn.send_response(response)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.disconnected = True
        self.transport.close()

    def _hand_over(self, encode: Encode) -> WebSocketLine:
        """Give the connection away, as a line; uvicorn's part of it ends here.

        Raises:
            ClientDisconnected: when the client has gone meanwhile.
        """
        if self.disconnected or self.transport.is_closing():
            raise ClientDisconnected
        self.stop_keepalive()
        if self.read_paused:  # what the client has said so far was for nobody
            self.transport.resume_reading()
        pings = Pings(self.config.ws_ping_interval or 0.0, self.config.ws_ping_timeout or 0.0)
        self.connections.discard(self)
        line = WebSocketLine(self.transport, self.conn, encode=encode, connections=self.connections, pings=pings)
        self.transport = _Elsewhere()
        return line


class _Elsewhere(asyncio.Transport):
    """Stands for a connection that is another's: uvicorn closes it when the application returns."""

    def close(self) -> None:
        """Leave it open."""

    def is_closing(self) -> bool:
        """Be of no more use."""
        return True

    def write(self, data: Any) -> None:
        """Write it nowhere."""
