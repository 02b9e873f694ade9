"""The server's side of one WebSocket, driven by hand so that a test can do with it what no server would."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable

from websockets.exceptions import InvalidState
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

_LOGGER = logging.getLogger("tests.sockets")
_LOGGER.setLevel(logging.CRITICAL)  # what it does wrong, it does on purpose


class Socket:
    """One connection: ``run`` reads until it ends, any thread sends."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._protocol = ServerProtocol(logger=_LOGGER)
        self._lock = threading.RLock()

    def run(self, judge: Callable[[Request], Response | None], on_open: Callable[[], None]) -> None:
        while data := self._sock.recv(65_536):
            with self._lock:
                self._protocol.receive_data(data)
                events = self._protocol.events_received()
                self._flush()
            for event in events:
                if isinstance(event, Request):
                    self._answer(event, judge, on_open)

    def send(self, frame: str | bytes) -> None:
        with self._lock, contextlib.suppress(OSError, InvalidState):  # the client may be leaving
            if isinstance(frame, str):
                self._protocol.send_text(frame.encode())
            else:
                self._protocol.send_binary(frame)
            self._flush()

    def close(self, code: int, reason: str) -> None:
        with self._lock, contextlib.suppress(OSError, InvalidState):
            self._protocol.send_close(code, reason)
            self._flush()

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _answer(
        self, request: Request, judge: Callable[[Request], Response | None], on_open: Callable[[], None]
    ) -> None:
        with self._lock:
            refusal = judge(request)
            self._protocol.send_response(refusal or self._protocol.accept(request))
            self._flush()
        if refusal is None:
            on_open()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._sock.sendall(data)
            else:
                self._sock.shutdown(socket.SHUT_WR)
