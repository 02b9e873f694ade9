"""When the stream cannot be had, polls keep the client fresh."""

import gzip

import pytest
from flagsite_sdk import Source, State

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server


def polls(server: Server) -> list[tuple[str, dict[str, str]]]:
    return [(path, headers) for _, path, headers in server.requests if path.startswith("/sdk/config")]


def test_a_client_may_only_poll(connect: Connect, server: Server) -> None:
    client = connect(stream=False, poll_interval=0.02)
    assert client.status().state is State.POLLING
    assert client.status().source is Source.POLL
    assert client.is_enabled("new-checkout", ALICE)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert server.streams_opened == []


def test_polls_name_what_is_held(connect: Connect, server: Server) -> None:
    connect(stream=False, poll_interval=0.02)
    eventually(lambda: len(polls(server)) > 1)
    (first, first_headers), (second, second_headers) = polls(server)[:2]
    assert first == "/sdk/config"
    assert "if-none-match" not in first_headers
    assert second == "/sdk/config?since=1"
    assert second_headers["if-none-match"] == '"1"'
    assert second_headers["authorization"] == f"Bearer {server.key}"
    assert first_headers["flagsite-instance"] == second_headers["flagsite-instance"] != ""


@pytest.mark.parametrize("status", [404, 426, 200])
def test_where_there_are_no_streams_it_polls_instead(connect: Connect, server: Server, status: int) -> None:
    server.no_streams = (status, {})
    client = connect(poll_interval=0.02)
    assert client.status().state is State.POLLING
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))


def test_the_stream_is_taken_again_when_it_can_be_had(connect: Connect, server: Server) -> None:
    server.no_streams = (404, {})
    client = connect(poll_interval=0.02)
    assert client.status().state is State.POLLING
    server.no_streams = None
    eventually(lambda: client.status().state is State.STREAMING)


def test_polls_that_fail_are_survived(connect: Connect, server: Server) -> None:
    client = connect(stream=False, poll_interval=0.02)
    server.polls.extend(
        [
            (500, {}, b""),
            (503, {"Retry-After": "0"}, b""),
            (429, {"Retry-After": "0"}, b""),
            (200, {}, b"<html>"),
            (301, {"Location": "/"}, b""),
        ]
    )
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert not server.polls


def test_a_redirect_is_not_followed_with_the_key(connect: Connect, server: Server) -> None:
    client = connect(stream=False, poll_interval=0.02)
    server.polls.append((302, {"Location": f"{server.url}/elsewhere"}, b""))
    eventually(lambda: not server.polls)
    eventually(lambda: client.status().state is State.POLLING)
    assert all(path.startswith("/sdk/config") for _, path, _ in server.requests)


def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_read_to_its_end(connect: Connect, server: Server) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    server.polls.append((200, {"Content-Encoding": "gzip"}, bomb))
    client = connect(stream=False, poll_interval=0.02, max_message_bytes=1_000_000, lazy=True)
    problems: list[str | None] = []
    client.on_status(lambda status: problems.append(status.error))
    client.start()
    eventually(lambda: client.status().state is State.POLLING)
    assert "an answer of more than 1000000 bytes" in problems
