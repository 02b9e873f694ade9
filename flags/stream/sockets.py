"""A line that writes to the socket itself: what an idle connection costs is this object and its transport.

The handshake belongs to the server (`flagsite.websocket`, `flagsite.event_streams`). Afterwards the transport is ours:
whoever has something to say writes bytes that were made once for all, without a task, a queue or a copy. What is spoken
over it, a subclass knows.

Nothing is queued. asyncio says when the kernel has not taken everything (`pause_writing`) and when it has
(`resume_writing`); in between the line is not free. A long message is handed to asyncio piece by piece, so that it
never holds more than `SLICE` bytes of it for a client.
"""

import asyncio
import math
from abc import ABC, abstractmethod
from random import SystemRandom
from typing import Any, Final, NamedTuple

from flags.stream.lines import GONE, RESTARTING, Encode, Listener

SLICE: Final = 64 * 1024
"""Bytes of a message that wait in this process for one client, at most; the rest waits in bytes that all share."""
MOST_CONTROL: Final = 4_096
"""Bytes of answers to pings that wait for a client which does not read; one that goes on pinging is cut off."""
GOODBYE_SECONDS: Final = 2.0
"""For which a client may take to answer a goodbye."""
CLOSINGS_A_SECOND: Final = 1_000
"""How fast a process that stops sends its clients away, so that they do not fall upon the next one together."""
LONGEST_SPREAD: Final = 5.0
"""Seconds within which all of them are told, however many there are."""
_CHANCE: Final = SystemRandom()


class Pings(NamedTuple):
    """How often a client is asked whether it is there (0: never), and for how long it may take to answer."""

    interval: float
    timeout: float


NEVER: Final = Pings(0, 0)


class SocketLine(asyncio.Protocol, ABC):
    """One connection that was given away to us."""

    __slots__ = (
        "_after", "_answered", "_code", "_connections", "_is_closing", "_listener", "_loop", "_mark", "_paused_at",
        "_pings", "_rest", "_timer", "_transport", "encode", "is_free",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.Transport, *, encode: Encode, connections: set[Any], pings: Pings = NEVER
    ) -> None:
        """Take a connection over.

        Args:
            transport: the connection's.
            encode: makes of updates the bytes that are written.
            connections: the server's, which it tells to `shutdown` when it stops.
            pings: how it is asked whether the client is there.
        """
        self.encode = encode
        self.is_free = True
        self._transport = transport
        self._connections = connections
        self._pings = pings
        self._loop = asyncio.get_running_loop()
        self._listener: Listener | None = None
        self._rest: memoryview | None = None  # of a long message, what asyncio does not have yet
        self._after = b""  # what has to wait for its end
        self._paused_at = 0.0
        self._is_closing = False
        self._code = 0
        self._answered = True
        self._mark = (0, 0)  # how much was left when it was last looked at
        self._timer: asyncio.TimerHandle | None = None
        connections.add(self)
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=0)  # to be told of every byte that the kernel does not take
        if pings.interval:
            self._timer = self._loop.call_later(pings.interval, self._look)

    # what a subclass knows

    @abstractmethod
    def _goodbye(self, code: int, reason: str) -> bytes:
        """Return what is said last."""

    @abstractmethod
    def _ping(self) -> bytes:
        """Return what asks whether the client is there; without an answer, nothing."""

    @abstractmethod
    def _ended_with(self, exc: Exception | None) -> int:
        """Return the close code of a connection that the client has ended."""

    # the subscriber's side

    def attach(self, listener: Listener) -> None:
        """Name the one who listens."""
        self._listener = listener
        if self._transport is _NOWHERE:
            listener.line_is_gone(self._code)

    def write(self, message: bytes) -> None:
        """Send an encoded update."""
        if len(message) <= SLICE:
            self._transport.write(message)
            return
        self._rest = memoryview(message)
        self.is_free = False
        self._write_on()
        if self._rest is None and not self._paused_at:
            self.is_free = True

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye behind what is under way."""
        if self._is_closing:
            return
        self._is_closing, self._code, self.is_free = True, code, False
        self._write_between(self._goodbye(code, reason))
        self._set_timer(GOODBYE_SECONDS, self._transport.abort)

    # the server's side

    def shutdown(self) -> None:
        """Send the client elsewhere, at a moment of its own: the server stops."""
        spread = min(LONGEST_SPREAD, len(self._connections) / CLOSINGS_A_SECOND)
        reason = f"retry-within={math.ceil(spread)}"
        self._loop.call_later(_CHANCE.random() * spread, self.close, RESTARTING, reason)

    # asyncio's side

    def pause_writing(self) -> None:
        """Note that the kernel has not taken everything."""
        self.is_free = False
        self._paused_at = self._loop.time()

    def resume_writing(self) -> None:
        """Go on with a long message, or tell that there is room for the next one."""
        waited = self._loop.time() - self._paused_at if self._paused_at else 0.0
        self._paused_at = 0.0
        if self._rest is not None:
            self._write_on()
        if self._rest is None and not self._paused_at and not self._is_closing:
            self.is_free = True
            if self._listener is not None:
                self._listener.line_is_free(waited)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything, and say so."""
        if self._timer is not None:
            self._timer.cancel()
        self._connections.discard(self)
        self._code = self._code or self._ended_with(exc)
        self._transport, self._rest, self.is_free = _NOWHERE, None, False
        self._is_closing = True
        if self._listener is not None:
            self._listener.line_is_gone(self._code)

    # what is between them

    def _write_on(self) -> None:
        while self._rest is not None and not self._paused_at:
            piece, rest = self._rest[:SLICE], self._rest[SLICE:]
            self._rest = rest if len(rest) else None
            self._transport.write(piece)
        if self._rest is None and self._after:
            after, self._after = self._after, b""
            self._transport.write(after)

    def _write_between(self, data: bytes) -> None:
        """Write something short, though never into the middle of a message."""
        if not data:
            return
        if self._rest is not None:
            self._after += data
        else:
            self._transport.write(data)
        if self._paused_at and len(self._after) + self._transport.get_write_buffer_size() > SLICE + MOST_CONTROL:
            self._transport.abort()

    def _end(self) -> None:
        """Close once everything is written, or at once when the client does not read."""
        self._is_closing, self.is_free = True, False
        if self._paused_at:
            self._transport.abort()
        else:
            self._transport.close()

    # pings

    def _set_timer(self, seconds: float, what: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, what)

    def _look(self) -> None:
        """Ask whether the client is there; of one that is being sent something, look how far it has come."""
        if self.is_free and (ping := self._ping()):
            self._answered = False
            self._write_between(ping)
        self._mark = self._left()
        self._set_timer(self._pings.timeout, self._judge)

    def _judge(self) -> None:
        """Cut off who has neither answered nor read anything in time."""
        left = self._left()
        if (left != (0, 0) and left == self._mark) or (left == (0, 0) and not self._answered):
            self._code = self._code or GONE
            self._transport.abort()
            return
        self._set_timer(max(0.0, self._pings.interval - self._pings.timeout), self._look)

    def _left(self) -> tuple[int, int]:
        return len(self._rest or b""), self._transport.get_write_buffer_size()


class _Nowhere(asyncio.Transport):
    """Stands for a transport that is no more: whatever is done to it comes to nothing."""

    def write(self, data: Any) -> None:
        """Write it nowhere."""

    def close(self) -> None:
        """Be closed already."""

    def abort(self) -> None:
        """Likewise."""

    def get_write_buffer_size(self) -> int:
        """Hold nothing."""
        return 0


_NOWHERE: Final = _Nowhere()
