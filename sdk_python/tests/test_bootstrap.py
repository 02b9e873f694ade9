"""A program may bring its flags along; offline it opens no socket at all."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from flagsite_sdk import FlagClient, Source, State, UnusableBootstrap

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server

DOCUMENT = {"revision": 900, "flags": {"new-checkout": documents.boolean(on=False)}, "segments": {}}


def bootstraps(tmp_path: Path) -> list[Any]:
    path = tmp_path / "flags.json"
    path.write_text(json.dumps(DOCUMENT))
    return [DOCUMENT, json.dumps(DOCUMENT).encode(), path, str(path)]


@pytest.mark.parametrize("number", range(4))
def test_a_bootstrap_is_a_document_or_a_file(tmp_path: Path, number: int) -> None:
    client = FlagClient("http://flags.test", offline=True, bootstrap=bootstraps(tmp_path)[number])
    assert client.get_variation("new-checkout", ALICE) == "off"
    status = client.status()
    assert (status.state, status.source, status.revision) == (State.OFFLINE, Source.BOOTSTRAP, 900)


def test_a_bootstrap_needs_no_more_than_flags() -> None:
    client = FlagClient("http://flags.test", offline=True, bootstrap={"flags": DOCUMENT["flags"]})
    assert client.wait_until_ready(0)


@pytest.mark.parametrize("bad", [b"", b"[]", b"{}", {"flags": []}, {"flags": {1, 2}}, "no/such/file", "/"])
def test_a_bootstrap_that_is_none_is_said_at_once(bad: Any) -> None:
    with pytest.raises(UnusableBootstrap, match="bootstrap"):
        FlagClient("http://flags.test", offline=True, bootstrap=bad)


def test_the_server_s_word_replaces_the_bootstrap_whatever_its_number(connect: Connect, server: Server) -> None:
    client = connect(bootstrap=DOCUMENT)
    assert client.is_enabled("new-checkout", ALICE)
    assert server.streams_opened == [0]
    assert client.status().revision == 1


def test_the_bootstrap_serves_until_the_server_comes(connect: Connect, server: Server) -> None:
    server.stop()
    client = connect(bootstrap=DOCUMENT)
    assert client.get_variation("new-checkout", ALICE) == "off"
    server.start()
    eventually(lambda: client.is_enabled("new-checkout", ALICE))


def test_offline_opens_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    with FlagClient("http://flags.test", offline=True, bootstrap=DOCUMENT) as client:
        client.is_enabled("new-checkout", ALICE)
        client.track("purchase", ALICE, value=1)
        client.start()
        assert client.flush() is False
        assert client.status().state is State.OFFLINE
    assert client.status().state is State.CLOSED
