"""How a subscriber reaches its client: a line takes one message at a time and says when it can take the next.

There are two kinds. One writes to the socket itself (`flags.stream.sockets`), where the server hands it over; this
module has the other, which goes through ASGI's `send` and so works under any server. Neither queues: who writes to a
line that is not free has made a mistake.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from flags.snapshots import Update  # not otherwise: servers load this before Django is set up

Message = dict[str, Any]
Encode = Callable[["Update"], Any]

HAND_OVER: Final = "flagsite.hand_over"
"""The extension of an ASGI scope whose `line` gives the accepted connection away, as a line."""
RESTARTING: Final = 1012
"""The close code of a WebSocket whose server stops; ours for other lines too."""
GONE: Final = 1006
"""The close code of a connection that ended without one."""


class Listener(Protocol):
    """Who has to know what becomes of a line: the subscriber."""

    def line_is_free(self, waited: float) -> None:
        """Hear that the line can take a message again, after so many seconds."""

    def line_is_gone(self, code: int) -> None:
        """Hear that the client is gone, with the close code of either side; said once."""


class Line(Protocol):
    """One client's connection."""

    encode: Encode
    """Makes of an update what this kind of line takes; the same result serves all lines of the kind."""
    is_free: bool
    """Whether everything that was written has left this process."""

    def attach(self, listener: Listener) -> None:
        """Name the one who listens; tells at once when the client is gone already."""

    def write(self, message: Any) -> None:
        """Send an encoded update over a free line."""

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye, and end the connection whether or not the client answers."""


class AsgiLine:
    """A line through ASGI's `send`, by a task of its own: `run`."""

    def __init__(
        self, send: Callable[[Message], Awaitable[None]], *, encode: Encode, goodbye: Callable[[int, str], Message]
    ) -> None:
        self.encode = encode
        self.is_free = True
        self._send = send
        self._goodbye = goodbye
        self._listener: Listener | None = None
        self._message: Message | None = None
        self._closing: tuple[int, str] | None = None
        self._wanted = asyncio.Event()

    def attach(self, listener: Listener) -> None:
        """Name the one who listens."""
        self._listener = listener

    def write(self, message: Message) -> None:
        """Let the task send it."""
        self.is_free = False
        self._message = message
        self._wanted.set()

    def close(self, code: int, reason: str = "") -> None:
        """Let the task say goodbye, after what it is sending."""
        self._closing = code, reason
        self._wanted.set()

    async def run(self, receive: Callable[[], Awaitable[Message]]) -> None:
        """Send until either side has had enough; what the client says meanwhile is ignored."""
        sending = asyncio.create_task(self._send_all())
        hearing = asyncio.create_task(_disconnect(receive))
        try:
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, hearing):
                task.cancel()
            code = hearing.result() if hearing.done() and not hearing.cancelled() else GONE
            if self._listener is not None:
                self._listener.line_is_gone(self._closing[0] if self._closing else code)

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # the client went while it was being sent something
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                if self._message is not None:
                    began = loop.time()
                    await self._send(self._message)
                    self._message, self.is_free = None, self._closing is None
                    if self.is_free and self._listener is not None:
                        self._listener.line_is_free(loop.time() - began)
                if self._closing is not None:
                    await self._send(self._goodbye(*self._closing))
                    return


async def _disconnect(receive: Callable[[], Awaitable[Message]]) -> int:
    while True:
        message = await receive()
        if message["type"].endswith(".disconnect"):
            return int(message.get("code") or GONE)
