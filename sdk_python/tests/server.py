"""A small Flagsite of the tests' own: real sockets on loopback, the contract's words, and every way to misbehave.

It knows revisions, deltas and heartbeats, decides nothing and stores nothing. One port serves HTTP and WebSockets.
"""

import contextlib
import gzip
import http.server
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from sdk_python.tests.sockets import Socket

KEY = "fs_srv_test1_secret"
Document = dict[str, Any]
Frame = str | bytes


class Server:
    """The server; ``start`` again after ``stop`` listens on the same port."""

    def __init__(self) -> None:
        self.revision = 1
        self.flags: Document = {}
        self.segments: Document = {}
        self.deltas: list[Document] = []
        self.key = KEY
        # what it was asked and told
        self.streams_opened: list[int] = []  # the `since` of each
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.batches: list[Document] = []
        self.bodies: list[bytes] = []
        # what it does wrong: the next answers, each used once; None is a good one
        self.handshakes: deque[tuple[int, dict[str, str]] | None] = deque()
        self.polls: deque[tuple[int, dict[str, str], bytes] | None] = deque()
        self.reports: deque[tuple[int, dict[str, str]] | None] = deque()
        self.no_streams: tuple[int, dict[str, str]] | None = None  # for ever
        self.first_frame: Callable[[int], Frame | None] | None = None  # instead of the right one
        self.gzip_frames = False
        self._lock = threading.RLock()
        self._streams: list[Socket] = []
        self._sockets: set[socket.socket] = set()
        self._port = 0
        self._listener: socket.socket | None = None

    # life

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Vanish: stop listening and drop every connection without a word."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    # what happens

    @property
    def streams(self) -> int:
        with self._lock:
            return len(self._streams)

    def publish(self, flags: Document | None = None, segments: Document | None = None, *, tell: bool = True) -> None:
        """Change flags (None removes) and tell the streams; or, with ``tell=False``, only remember."""
        with self._lock:
            delta: Document = {"since": self.revision, "revision": self.revision + 1}
            delta |= {"flags": flags or {}, "segments": segments or {}}
            self.revision += 1
            self.deltas.append(delta)
            for held, changed in ((self.flags, flags or {}), (self.segments, segments or {})):
                held.update(changed)
                for key in [key for key, document in changed.items() if document is None]:
                    del held[key]
            if tell:
                self.send(json.dumps(delta))

    def beat(self, revision: int | None = None) -> None:
        self.send(json.dumps({"revision": self.revision if revision is None else revision}))

    def send(self, frame: Frame) -> None:
        """Send the same frame to every stream."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.send(self._framed(frame))

    def cut(self) -> None:
        """Break every stream's connection."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.cut()

    def close_streams(self, code: int, reason: str = "") -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close(code, reason)

    def snapshot(self) -> Document:
        with self._lock:
            return {"revision": self.revision, "flags": {**self.flags}, "segments": {**self.segments}}

    def counts(self) -> dict[tuple[str, str | None, str], int]:
        """Everything reported, summed up; a batch sent twice is counted once."""
        total: dict[tuple[str, str | None, str], int] = {}
        for batch in {batch["batch"]: batch for batch in self.batches}.values():
            for count in batch["counts"]:
                key = (count["flag"], count["variation"], count["reason"])
                total[key] = total.get(key, 0) + count["count"]
        return total

    def events(self) -> list[Document]:
        batches = {batch["batch"]: batch for batch in self.batches}.values()
        return [event for batch in batches for event in batch["events"]]

    # the wire

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock, address), daemon=True).start()

    def _serve(self, sock: socket.socket, address: Any) -> None:
        with self._lock:
            self._sockets.add(sock)
        try:
            start = sock.recv(64, socket.MSG_PEEK)
            if b"/sdk/stream" in start:
                self._serve_stream(sock)
            elif start:
                _Handler(self, sock, address)
        except OSError:
            pass
        finally:
            with self._lock:
                self._sockets.discard(sock)
            sock.close()

    def _serve_stream(self, sock: socket.socket) -> None:
        stream = Socket(sock)
        since = 0

        def judge(request: Request) -> Response | None:
            nonlocal since
            since = int(request.path.partition("since=")[2] or 0)
            self._note("GET", request.path, dict(request.headers.raw_items()))
            answer = self.no_streams or (self.handshakes.popleft() if self.handshakes else None)
            if request.headers.get("Authorization") != f"Bearer {self.key}":
                answer = (401, {})
            if answer is None:
                return None
            status, headers = answer
            return Response(status, HTTPStatus(status).phrase, Headers({**headers, "Content-Length": "0"}), b"")

        def greet() -> None:
            with self._lock:
                self.streams_opened.append(since)
                first = self.first_frame(since) if self.first_frame else self._first(since)
                if first is not None:
                    stream.send(self._framed(first))
                self._streams.append(stream)

        try:
            stream.run(judge, greet)
        finally:
            with self._lock:
                if stream in self._streams:
                    self._streams.remove(stream)

    def _first(self, since: int) -> Frame:
        return json.dumps(self._since(since) or {"revision": self.revision})

    def _since(self, since: int) -> Document | None:
        """What brings someone up to date; None when nothing is needed."""
        if since == self.revision:
            return None
        missed = [delta for delta in self.deltas if delta["since"] >= since]
        if not since or not missed or missed[0]["since"] != since:
            return self.snapshot()
        flags: Document = {}
        segments: Document = {}
        for delta in missed:
            flags |= delta["flags"]
            segments |= delta["segments"]
        return {"since": since, "revision": self.revision, "flags": flags, "segments": segments}

    def _framed(self, frame: Frame) -> Frame:
        return gzip.compress(frame.encode()) if self.gzip_frames and isinstance(frame, str) else frame

    def _note(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.requests.append((method, path, {name.lower(): value for name, value in headers.items()}))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, flagsite: Server, sock: socket.socket, address: Any) -> None:
        self.flagsite = flagsite
        super().__init__(sock, address, None)  # type: ignore[arg-type]  # no socketserver here

    def do_GET(self) -> None:
        server = self.flagsite
        server._note("GET", self.path, dict(self.headers))
        if self.headers["Authorization"] != f"Bearer {server.key}":
            return self._answer(401)
        if server.polls and (wrong := server.polls.popleft()) is not None:
            return self._answer(*wrong)
        etag = f'"{server.revision}"'
        if self.headers["If-None-Match"] == etag:
            return self._answer(304, {"ETag": etag})
        since = int(self.path.partition("since=")[2] or 0)
        body = json.dumps(server._since(since) or server.snapshot()).encode()
        return self._answer(200, {"ETag": etag, "Content-Encoding": "gzip"}, gzip.compress(body))

    def do_POST(self) -> None:
        server = self.flagsite
        server._note("POST", self.path, dict(self.headers))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        server.bodies.append(body)
        if self.headers["Authorization"] != f"Bearer {server.key}":
            return self._answer(401)
        if server.reports and (wrong := server.reports.popleft()) is not None:
            return self._answer(*wrong)
        server.batches.append(json.loads(body))
        return self._answer(202)

    def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *facts: Any) -> None:
        """Be quiet."""


@contextlib.contextmanager
def running() -> Iterator[Server]:
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
