"""The WebSocket protocol of our uvicorn processes: a client that does not answer is dropped, not waited for.

uvicorn's own closes such a connection politely, which first writes out what is buffered; for a client that has stopped
reading, that never ends.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class DroppingProtocol(WebSocketsSansIOProtocol):
    """Cut the connection of a client that has not answered a ping in time."""

    def keepalive_timeout(self) -> None:
        """Abort: the kernel forgets what was still to be sent."""
        self.transport.abort()
