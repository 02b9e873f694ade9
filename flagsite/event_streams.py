"""The HTTP protocol of our uvicorn processes: uvicorn's own, which can give a connection away to a stream of events.

An application that takes it (`flags.stream.lines.HAND_OVER` in the scope's extensions) writes the response itself.
Knows nothing of what is sent.
"""

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected

from flags.stream.event_line import EventLine
from flags.stream.lines import HAND_OVER, Encode
from flags.stream.sockets import Pings


class EventStreamProtocol(H11Protocol):
    """uvicorn's protocol up to the request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._served = self.app
        self.app = self._serve

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
