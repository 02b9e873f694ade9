"""SDKs' connections as bare sockets on one epoll, so that the load takes little of the machine for itself.

They speak just enough of RFC 6455 to tell messages apart. Linux only.
"""

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.processes.site import Process

HEAD: Final = b"\r\n\r\n"
_READ: Final = 65_536
_CONNECTING_AT_ONCE: Final = 1_000
"""Handshakes that are under way; the kernel's queue for one listener is not endless."""


@dataclass
class Client:
    """One connection, and what came of it."""

    socket: socket.socket
    is_open: bool = False
    received: bytes = b""
    """What of a message is there."""
    messages: int = 0
    heard_at: float = 0.0
    """When its newest message was complete, by time.time()."""
    last: bytes = b""
    """The newest message."""


@dataclass
class Clients:
    """So many connections to one process; those that the server refuses are counted and tried again."""

    stream: Process
    key: str
    since: int = 0
    keeps: bool = True
    """Whether each keeps its newest message; of large ones only the length is looked at, and `expected`."""
    expected: bytes = b""
    """What every first message has to be; checked as it comes in."""
    served: int = 0
    """How many have had a message."""
    messages: int = 0
    """How many messages came, to all of them."""
    refused: int = 0
    wrong: int = 0
    all: dict[int, Client] = field(default_factory=dict)
    _epoll: select.epoll = field(default_factory=select.epoll)
    _to_open: int = 0
    _opening: int = 0

    def connect(self, number: int, *, within: float = 60.0) -> float:
        """Return the seconds until so many more have their first message."""
        began, wanted = time.time(), len(self.all) + number
        self._to_open += number
        self.until(lambda: self.served >= wanted, within=within)
        return time.time() - began

    def until(self, question: Callable[[], bool], *, within: float) -> None:
        """Read until it is so."""
        deadline = time.monotonic() + within
        while True:
            self._open_more()
            for descriptor, event in self._epoll.poll(0.02, 1_000):
                self._react(self.all[descriptor], descriptor, event)
            if question():
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"not within {within} s: {self.served} of {len(self.all)} were served")

    def close(self) -> None:
        """End them all."""
        for client in self.all.values():
            client.socket.close()
        self.all.clear()
        self._epoll.close()

    def _open_more(self) -> None:
        while self._to_open and self._opening < _CONNECTING_AT_ONCE:
            self._to_open -= 1
            self._opening += 1
            connecting = socket.socket()
            connecting.setblocking(False)
            connecting.connect_ex(("127.0.0.1", self.stream.port))
            self.all[connecting.fileno()] = Client(connecting)
            self._epoll.register(connecting.fileno(), select.EPOLLOUT)

    def _react(self, client: Client, descriptor: int, event: int) -> None:
        if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
            client.socket.sendall(self._handshake())
            self._epoll.modify(descriptor, select.EPOLLIN)
            return
        try:
            data = client.socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(client, data)
        else:
            self._again(descriptor)

    def _take(self, client: Client, data: bytes) -> None:
        if not client.is_open:
            client.received += data
            head, end, rest = client.received.partition(HEAD)
            if not end:
                return
            client.received = b""
            if not head.startswith(b"HTTP/1.1 101"):
                self.refused += 1
                self._again(client.socket.fileno())
                return
            client.is_open, data = True, rest
            self._opening -= 1
        client.received += data
        while (size := size_of_frame(client.received)) and len(client.received) >= size:
            frame, client.received = client.received[:size], client.received[size:]
            self._note(client, frame)

    def _note(self, client: Client, frame: bytes) -> None:
        if frame[0] & 0x0F not in {1, 2}:
            return
        if self.expected and not client.messages and frame != self.expected:
            self.wrong += 1
        self.served += not client.messages
        client.messages += 1
        self.messages += 1
        client.heard_at = time.time()
        if self.keeps:
            client.last = frame

    def _again(self, descriptor: int) -> None:
        """Open another in place of one that was refused or broken."""
        gone = self.all.pop(descriptor)
        self.served -= bool(gone.messages)
        self._opening -= 0 if gone.is_open else 1
        self._epoll.unregister(descriptor)
        gone.socket.close()
        self._to_open += 1

    def _handshake(self) -> bytes:
        return (
            f"GET /sdk/stream?since={self.since} HTTP/1.1\r\nHost: 127.0.0.1:{self.stream.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: flagsite-python/0.1.0\r\n"
            f"Authorization: Bearer {self.key}\r\n\r\n"
        ).encode()


def size_of_frame(data: bytes) -> int:
    """Return the bytes of the frame that begins here, with its head; 0 when that is not yet known."""
    if len(data) < 2:
        return 0
    length, head = data[1] & 0x7F, 2
    if length >= 126:
        head += 2 if length == 126 else 8
        if len(data) < head:
            return 0
        length = int.from_bytes(data[2:head], "big")
    return head + length


def payload_of(frame: bytes) -> bytes:
    """Return what a frame carries."""
    return frame[-(len(frame) - {126: 4, 127: 10}.get(frame[1] & 0x7F, 2)) :]
