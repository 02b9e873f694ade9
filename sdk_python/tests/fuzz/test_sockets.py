"""Whatever a server answers to the stream's handshake, and whatever frames it sends: the stream ends, with a cause."""

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Final

import pytest
from flagsite_sdk.settings import Settings
from flagsite_sdk.stream import Cause, Ending, Stream

from sdk_python.tests.fuzz.mutations import ROUNDS, SEED

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
STATUSES: Final = (b"200 OK", b"401 No", b"503 Away", b"429 Many", b"302 Found", b"308 Moved", b"999 What", b"what")
HEADERS: Final = (
    *(b"Retry-After: 5", b"Retry-After: -1", b"Retry-After: \xff", b"Retry-After: " + b"9" * 400, b"no header"),
    *(
        b"Location: ws://[",
        b"Location: //",
        b"Location: file:///",
        b"Content-Length: x",
        b"Content-Length: 99999999999",
    ),
)
CODES: Final = (0, 999, 1000, 1005, 1012, 1013, 1015, 3000, 4401, 65_535)
REASONS: Final = (b"", b"\xff", *(b"retry-within=" + value for value in (b"5", b"-1", b"1e999", b"nan", b"9" * 90)))


def frame(chance: Random, kind: int, payload: bytes) -> bytes:
    """A frame, as the server sends it; now and then with bits that mean nothing, or a length that is not so."""
    first = kind | chance.choice((0x80, 0x80, 0x80, 0x00, 0xC0))
    length = chance.choice((len(payload),) * 9 + (2**40, 2**63))
    size = bytes([length]) if length < 126 else b"\x7f" + struct.pack(">Q", length)
    return bytes([first]) + size + payload


def frames(chance: Random) -> bytes:
    made = (
        frame(chance, 1, b'{"revision":1,"flags":{},"segments":{}}'),
        frame(chance, 1, b"\xff\xed\xa0\x80"),
        frame(chance, 8, struct.pack(">H", chance.choice(CODES)) + chance.choice(REASONS)),
        frame(chance, 9, chance.randbytes(chance.choice((0, 5, 125)))),
        frame(chance, chance.randrange(16), chance.randbytes(3)),
        chance.randbytes(20),
    )
    return b"".join(chance.choices(made, k=3))


def answer(chance: Random, key: bytes) -> bytes:
    """What comes after the client's handshake."""
    if chance.random() < 1 / 4:
        return b"\r\n".join((b"HTTP/1.1 " + chance.choice(STATUSES), *chance.choices(HEADERS, k=2), b"", b"hello"))
    accepted = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    head += accepted + b"\r\n\r\n"
    if chance.random() < 1 / 8:
        cut = chance.randrange(len(head))
        head = head[:cut] + chance.randbytes(2) + head[cut + 2 :]
    return head + frames(chance)


@contextmanager
def serving(chance: Random, *, fixed: bytes = b"") -> Iterator[str]:
    """Answer every connection with something, and end it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += connection.recv(65_536)
                (line,) = (one for one in asked.split(b"\r\n") if one.lower().startswith(b"sec-websocket-key"))
                connection.sendall(fixed or answer(chance, line.partition(b": ")[2]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def follow(url: str) -> Ending:
    settings = Settings(url=url, api_key="fs_srv_1_x", connect_timeout=20.0, heartbeat_timeout=20.0)
    return Stream(settings, instance="fuzz").follow(since=0, on_frame=lambda _: True)


def test_a_stream_ends_with_a_cause_whatever_comes() -> None:
    chance = Random(SEED)  # noqa: S311 - the same every time
    with serving(chance) as url:
        endings = [follow(url) for _ in range(ROUNDS // 5)]
    assert {Cause.LOST, Cause.OVERLOADED, Cause.REFUSED, Cause.UNAUTHORIZED} <= {one.cause for one in endings}
    assert all(0 <= (one.retry_after or 0) <= 3_600 * 24 for one in endings)


def test_a_stream_is_not_sent_elsewhere() -> None:
    """Who stands at another address is not the server that was named, with or without the key."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        address = f"ws://127.0.0.1:{elsewhere.getsockname()[1]}/sdk/stream"
        moved = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(Random(SEED), fixed=moved) as url:  # noqa: S311 - of which nothing is drawn
            ending = follow(url)
        assert (ending.cause, "307" in ending.detail) == (Cause.REFUSED, True)
        with pytest.raises(BlockingIOError):  # nobody came
            elsewhere.accept()


def test_a_refusal_with_two_answers_to_one_question_is_a_refusal() -> None:
    busy = b"HTTP/1.1 503 Away\r\nRetry-After: 5\r\nRetry-After: 6\r\nContent-Length: 0\r\n\r\n"
    with serving(Random(SEED), fixed=busy) as url:  # noqa: S311 - of which nothing is drawn
        ending = follow(url)
    assert (ending.cause, ending.retry_after) == (Cause.OVERLOADED, 5.0)
