"""A real HTTP server on the loopback interface that takes webhooks, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import orjson
from standardwebhooks.webhooks import Webhook as PublishedVerifier

LOOPBACK = ["127.0.0.0/8"]


class Received(NamedTuple):
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> Any:
        return orjson.loads(self.body)

    def verified_with(self, secret: str) -> Any:
        """What the published package makes of it: the document, or an error."""
        return PublishedVerifier(secret).verify(self.body, dict(self.headers))


Reply = Callable[["Handler"], None]


def status(code: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer with a status at once."""

    def reply(handler: "Handler") -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


class Receiver(ThreadingHTTPServer):
    """Remembers what it gets. `replies` are given in turn, the last one for ever after."""

    daemon_threads = True

    def __init__(self, *, tls: Any = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[Received] = []
        self.replies: list[Reply] = [status(204)]
        self.is_over = threading.Event()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=flagsite"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave in the middle: some are meant to."""

    def taken(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body))
        self.server.taken()(self)

    def do_GET(self) -> None:
        self.server.received.append(Received(self.path, {}, b"GET"))
        status(200)(self)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output to what they say."""


@contextmanager
def receiving(*, tls: Any = None) -> Iterator[Receiver]:
    """Run a receiver as long as the block lasts."""
    receiver = Receiver(tls=tls)
    listening = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    listening.start()
    try:
        yield receiver
    finally:
        receiver.is_over.set()
        receiver.shutdown()
        receiver.server_close()
        listening.join()
