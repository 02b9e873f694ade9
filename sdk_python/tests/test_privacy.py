"""Nothing of a context leaves the process but the id of a tracked event: every byte sent is looked at."""

import gzip
import logging
import socket
import threading
import zlib
from collections.abc import Iterator

import pytest
from flagsite_sdk import FlagClient

from sdk_python.tests import documents
from sdk_python.tests.conftest import eventually
from sdk_python.tests.server import KEY, Server

SECRETS = ["secret-mail@example.com", "secret-name", "secret-company", "secret-id-of-reads"]
CAROL = {
    "id": "secret-id-of-reads",
    "email": "secret-mail@example.com",
    "secret-name": {"company": "secret-company"},
}


class Wiretap:
    """Stands between a client and the server, and keeps what the client sends."""

    def __init__(self, port: int) -> None:
        self.heard: list[bytearray] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            heard = bytearray()
            self.heard.append(heard)
            for source, target, tape in ((client, server, heard), (server, client, bytearray())):
                threading.Thread(target=self._pass_on, args=(source, target, tape), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, tape: bytearray) -> None:
        try:
            while data := source.recv(65_536):
                tape += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            source.close()


@pytest.fixture
def wiretap(server: Server) -> Iterator[Wiretap]:
    wiretap = Wiretap(server._port)
    yield wiretap
    wiretap.close()


def everything_said(wiretap: Wiretap) -> bytes:
    """All that was sent, and all that comes out of it by unpacking."""
    said = b"".join(wiretap.heard)
    for tape in wiretap.heard:
        for start in range(len(tape)):
            if tape[start : start + 2] == b"\x1f\x8b":
                said += zlib.decompressobj(31).decompress(bytes(tape[start:]))
    return said


def test_only_the_id_of_a_tracked_event_is_sent(
    server: Server, wiretap: Wiretap, caplog: pytest.LogCaptureFixture
) -> None:
    server.flags["targeted"] = documents.boolean(rules=[documents.rule(documents.equals("email", "x"))])
    with caplog.at_level(logging.DEBUG), FlagClient(wiretap.url, KEY, flush_interval=600) as client:
        for key in ("new-checkout", "targeted", "missing", "banner-text"):
            client.is_enabled(key, CAROL)
            client.evaluate(key, CAROL)
            client.get_variation(key, CAROL)
            client.evaluate_detail(key, CAROL)
            client.evaluate("targeted", {**CAROL, "id": 5})
        client.evaluate_all(CAROL)
        for _ in range(100):
            client.track("purchase", {**CAROL, "id": "id-of-the-event"}, value=5)
        assert client.flush()
    eventually(lambda: server.streams == 0)
    said = everything_said(wiretap)
    assert b"id-of-the-event" in said  # the tap works, packed bodies included
    assert b"targeted" in said
    assert [secret for secret in SECRETS if secret.encode() in said] == []
    assert [secret for secret in SECRETS if secret in caplog.text] == []
    assert KEY.removeprefix("fs_srv_test1_") not in caplog.text


def test_polls_say_nothing_either(server: Server, wiretap: Wiretap) -> None:
    with FlagClient(wiretap.url, KEY, stream=False, report=False) as client:
        client.is_enabled("new-checkout", CAROL)
        client.track("purchase", CAROL)
    said = everything_said(wiretap)
    assert b"GET /sdk/config" in said
    assert [secret for secret in SECRETS if secret.encode() in said] == []


def test_the_tap_would_find_a_packed_secret(wiretap: Wiretap) -> None:
    wiretap.heard.append(bytearray(b"POST / HTTP/1.1\r\n\r\n" + gzip.compress(b"secret-name")))
    assert b"secret-name" in everything_said(wiretap)
