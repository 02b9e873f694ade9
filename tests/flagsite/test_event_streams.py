"""Who connects and does not say what they want is not waited for."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from flagsite import event_streams
from flagsite.event_streams import EventStreamProtocol
from flagsite.websocket import StreamProtocol

HANDSHAKE = (
    b"GET /sdk/stream?since=0 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.7)  # longer than anybody may take to say what they want
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
    else:
        await receive()
        await send({"type": "websocket.accept"})


async def answer_to(said: bytes) -> bytes:
    """Return the first line that comes back, or nothing when the connection is cut."""
    config = Config(application, http=EventStreamProtocol, ws=StreamProtocol, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: EventStreamProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    reading, writing = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        writing.write(said)
        async with asyncio.timeout(20):
            return await reading.readline()
    except ConnectionResetError:
        return b""
    finally:
        writing.close()
        server.close()
        while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn waits for them in the same way
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\n", b""),
        (b"GET /sdk/stream?since=0 HTTP/1.1\r\nHost: a\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
        (HANDSHAKE, b"HTTP/1.1 101 Switching Protocols\r\n"),
    ],
)
def test_a_connection_without_a_request_is_cut_and_one_with_is_not(
    monkeypatch: pytest.MonkeyPatch, said: bytes, answer: bytes
) -> None:
    monkeypatch.setattr(event_streams, "REQUEST_SECONDS", 0.5)
    assert asyncio.run(answer_to(said)) == answer


@pytest.fixture(autouse=True)
def _no_loop_is_left() -> Iterator[None]:
    yield
    asyncio.set_event_loop(None)
