"""A key that the server refuses: said, survived, and tried again."""

from flagsite_sdk import State

from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import KEY, Server


def test_a_wrong_key_is_said_at_once_and_reads_give_defaults(connect: Connect, server: Server) -> None:
    server.key = "another"
    client = connect(start_timeout=5)
    status = client.status()
    assert (status.state, status.ready) == (State.UNAUTHORIZED, False)
    assert "401" in (status.error or "")
    assert client.evaluate("banner-text", ALICE, "default") == "default"


def test_a_wrong_key_is_said_when_polling(connect: Connect, server: Server) -> None:
    server.key = "another"
    assert connect(stream=False).status().state is State.UNAUTHORIZED


def test_a_key_of_another_kind_is_the_same(connect: Connect, server: Server) -> None:
    server.handshakes.append((403, {}))
    assert connect().status().state is State.UNAUTHORIZED


def test_a_revoked_key_keeps_its_last_rules(connect: Connect, server: Server) -> None:
    client = connect()
    server.close_streams(4401, "revoked")
    eventually(lambda: client.status().state is State.UNAUTHORIZED)
    assert client.is_enabled("new-checkout", ALICE)


def test_a_key_that_is_good_again_is_found_out(connect: Connect, server: Server) -> None:
    server.key = "another"
    client = connect(unauthorized_retry=0.02)
    server.key = KEY
    eventually(lambda: client.status().state is State.STREAMING)


def test_the_key_shows_nowhere(connect: Connect, server: Server) -> None:
    client = connect()
    assert KEY not in repr(client.settings) + repr(client.status()) + repr(client)
