"""A line to a client, over a real socket: what it holds back, what it keeps apart, and whom it cuts off."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from flags.snapshots import Update
from flags.stream.frames import websocket_frame
from flags.stream.sockets import NEVER, SLICE, Pings
from flags.stream.websocket_line import WebSocketLine

LONG = websocket_frame(Update(1, b"", compressed=b"snapshot" * 1_000_000))


class Listener:
    def __init__(self) -> None:
        self.code: int | None = None
        self.times_free = 0

    def line_is_free(self, waited: float) -> None:  # noqa: ARG002 - how long is for the metrics
        self.times_free += 1

    def line_is_gone(self, code: int) -> None:
        self.code = code


class Connection:
    """Both ends of a WebSocket whose handshake is done; of the client's end every byte is in the test's hands."""

    def __init__(self) -> None:
        self.line: WebSocketLine
        self.transport: asyncio.Transport
        self.listener = Listener()
        self.connections: set[Any] = set()
        self.client = ClientProtocol(parse_uri("ws://flags.test/sdk/stream"), max_size=None)
        self.socket: socket.socket

    async def open(self, *, pings: Pings) -> None:
        theirs, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        self.transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=theirs)
        server = ServerProtocol()
        request = self.client.connect()
        self.client.send_request(request)
        server.receive_data(b"".join(self.client.data_to_send()))
        (asked,) = server.events_received()
        assert isinstance(asked, Request)
        server.send_response(server.accept(asked))
        self.client.receive_data(b"".join(server.data_to_send()))
        self.client.events_received()
        self.line = WebSocketLine(
            self.transport, server, encode=websocket_frame, connections=self.connections, pings=pings
        )
        self.line.attach(self.listener)

    async def say(self, frame: Callable[[ClientProtocol], None]) -> None:
        frame(self.client)
        await asyncio.get_running_loop().sock_sendall(self.socket, b"".join(self.client.data_to_send()))

    async def hear(self) -> list[Frame]:
        """Read once, and return the frames that are complete."""
        data = await asyncio.get_running_loop().sock_recv(self.socket, 1_000_000)
        if not data:
            raise EOFError
        self.client.receive_data(data)
        if self.client.parser_exc is not None:
            raise self.client.parser_exc
        return [event for event in self.client.events_received() if isinstance(event, Frame)]

    async def hear_frames(self, number: int) -> list[Frame]:
        heard: list[Frame] = []
        while len(heard) < number:
            heard += await self.hear()
        return heard


def play(scene: Callable[[Connection], Awaitable[None]], *, pings: Pings = NEVER) -> None:
    async def run() -> None:
        connection = Connection()
        await connection.open(pings=pings)
        try:
            async with asyncio.timeout(30):
                await scene(connection)
        finally:
            connection.transport.abort()
            await asyncio.sleep(0)
            connection.socket.close()

    asyncio.run(run())


async def until(question: Callable[[], object]) -> None:
    while not question():  # noqa: ASYNC110 - what is waited for knows nothing of the test
        await asyncio.sleep(0.005)


def test_of_a_long_message_no_more_than_a_slice_waits_for_a_client() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(LONG)
        assert not connection.line.is_free
        assert 0 < connection.transport.get_write_buffer_size() <= SLICE
        (message,) = await connection.hear_frames(1)
        assert websocket_frame(Update(1, b"", compressed=bytes(message.data))) == LONG
        await until(lambda: connection.line.is_free)
        assert connection.listener.times_free == 1

    play(scene)


def test_what_the_kernel_takes_at_once_leaves_the_line_free() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(websocket_frame(Update(1, b'{"revision":1}')))
        assert connection.line.is_free
        (message,) = await connection.hear_frames(1)
        assert (message.opcode, bytes(message.data)) == (Opcode.TEXT, b'{"revision":1}')

    play(scene)


def test_a_ping_in_the_middle_of_a_message_is_answered_behind_it() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(LONG)
        await connection.say(lambda client: client.send_ping(b"here"))
        await asyncio.sleep(0)
        message, pong = await connection.hear_frames(2)
        assert (message.opcode, pong.opcode, bytes(pong.data)) == (Opcode.BINARY, Opcode.PONG, b"here")

    play(scene)


def test_a_goodbye_waits_for_the_end_of_a_message() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(LONG)
        connection.line.close(1012, "retry-within=5")
        message, goodbye = await connection.hear_frames(2)
        assert message.opcode is Opcode.BINARY
        assert bytes(goodbye.data) == struct.pack("!H", 1012) + b"retry-within=5"
        assert not connection.line.is_free, "nothing is sent after it"
        await connection.say(lambda _: None)  # the library has answered by itself
        await until(lambda: connection.listener.code == 1012)
        assert connection.connections == set()

    play(scene)


def test_a_client_that_goes_on_pinging_and_never_reads_is_cut_off() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(LONG)
        with suppress(OSError):  # reset or broken pipe, as it comes
            while connection.listener.code is None:
                await connection.say(lambda client: client.send_ping(b"x" * 125))
        await until(lambda: connection.listener.code == 1006)

    play(scene)


def test_a_client_that_answers_no_ping_is_cut_off() -> None:
    async def scene(connection: Connection) -> None:
        await until(lambda: connection.listener.code == 1006)

    play(scene, pings=Pings(0.02, 0.02))


def test_a_client_that_reads_nothing_is_cut_off() -> None:
    async def scene(connection: Connection) -> None:
        connection.line.write(LONG)
        await until(lambda: connection.listener.code == 1006)

    play(scene, pings=Pings(0.02, 0.02))


def test_a_client_that_answers_or_reads_is_not() -> None:
    async def scene(connection: Connection) -> None:
        async def answer() -> None:
            while True:
                await connection.hear()  # the library answers pings, and this sends the answers
                await connection.say(lambda _: None)

        answering = asyncio.create_task(answer())
        for _ in range(5):
            connection.line.write(LONG)
            await until(lambda: connection.line.is_free)
            await asyncio.sleep(0.5)  # idle, so that it is asked whether it is there
        assert connection.listener.code is None
        answering.cancel()

    play(scene, pings=Pings(1.0, 1.0))


@pytest.fixture(autouse=True)
def _no_loop_is_left() -> Iterator[None]:
    yield
    asyncio.set_event_loop(None)
