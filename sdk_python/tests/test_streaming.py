"""A change reaches the program; whatever happens to the stream, the last rules are served and it catches up."""

import gzip
import json
from uuid import UUID

import pytest
from flagsite_sdk import Source, State

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server


def test_a_client_is_ready_when_it_is_made(connect: Connect) -> None:
    client = connect()
    status = client.status()
    assert (status.state, status.ready, status.revision) == (State.STREAMING, True, 1)
    assert status.source is Source.STREAM
    assert client.is_enabled("new-checkout", ALICE) is True


def test_the_key_travels_in_a_header_and_never_in_the_url(connect: Connect, server: Server) -> None:
    connect()
    _, path, headers = server.requests[0]
    assert path == "/sdk/stream?since=0"
    assert headers["authorization"] == f"Bearer {server.key}"
    assert headers["user-agent"].startswith("flagsite-python/")
    assert UUID(headers["flagsite-instance"]).version == 4
    assert "sec-websocket-extensions" not in headers  # the server packs once for all


def test_a_change_arrives(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert client.status().revision == 2


def test_a_new_flag_arrives_and_a_removed_one_goes(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-flag": documents.boolean(), "banner-text": None})
    eventually(lambda: client.is_enabled("new-flag", ALICE))
    assert client.evaluate("banner-text", ALICE, "default") == "default"


def test_a_changed_segment_changes_its_flags(connect: Connect, server: Server) -> None:
    beta = documents.boolean(fallthrough={"variation": "off"}, rules=[documents.rule({"segment": "testers"})])
    server.flags, server.segments = {"beta": beta}, {"testers": {"included": ["bob"]}}
    client = connect()
    assert not client.is_enabled("beta", ALICE)
    server.publish(segments={"testers": {"included": ["alice"]}})
    eventually(lambda: client.is_enabled("beta", ALICE))


def test_binary_frames_are_gzipped_json(connect: Connect, server: Server) -> None:
    server.gzip_frames = True
    client = connect()
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))


def test_the_last_rules_are_served_while_the_server_is_away(connect: Connect, server: Server) -> None:
    client = connect()
    server.stop()
    eventually(lambda: client.status().state is State.RECONNECTING)
    assert client.is_enabled("new-checkout", ALICE)
    assert client.status().error


def test_a_client_catches_up_after_reconnecting_by_asking_for_what_it_missed(connect: Connect, server: Server) -> None:
    client = connect()
    server.stop()
    server.publish({"new-checkout": documents.boolean(on=False)})
    server.start()
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert server.streams_opened == [0, 1]
    eventually(lambda: client.status().state is State.STREAMING)
    assert client.status().error is None


def test_a_client_that_starts_before_the_server_gets_ready_when_it_comes(connect: Connect, server: Server) -> None:
    server.stop()
    client = connect(start_timeout=0)
    assert client.status().ready is False
    assert client.is_enabled("new-checkout", ALICE) is False
    server.start()
    assert client.wait_until_ready(5)
    assert client.is_enabled("new-checkout", ALICE)


@pytest.mark.parametrize("code", [1000, 1011, 1012, 1013])
def test_a_closed_stream_is_opened_again(connect: Connect, server: Server, code: int) -> None:
    client = connect()
    server.close_streams(code, "as announced")
    eventually(lambda: len(server.streams_opened) == 2)
    eventually(lambda: client.status().state is State.STREAMING)


def test_a_broken_connection_is_made_again(connect: Connect, server: Server) -> None:
    client = connect()
    server.cut()
    server.publish({"new-checkout": documents.boolean(on=False)}, tell=False)
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))


def test_a_silent_stream_is_given_up(connect: Connect, server: Server) -> None:
    connect(heartbeat_timeout=0.05)
    eventually(lambda: len(server.streams_opened) >= 2)


def test_heartbeats_keep_a_stream_alive(connect: Connect, server: Server) -> None:
    client = connect(heartbeat_timeout=5)
    before = client.status().confirmed_at
    assert before is not None
    server.beat()
    eventually(lambda: (client.status().confirmed_at or 0) > before)
    assert len(server.streams_opened) == 1


def test_a_heartbeat_ahead_shows_a_missed_change(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": documents.boolean(on=False)}, tell=False)
    server.beat()
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert server.streams_opened == [0, 1]


def test_a_delta_ahead_shows_a_missed_change(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": documents.boolean(on=False)}, tell=False)
    server.publish({"banner-text": documents.text("Bye")})
    eventually(lambda: client.evaluate("banner-text", ALICE) == "Bye")
    assert not client.is_enabled("new-checkout", ALICE)
    assert server.streams_opened == [0, 1]


def test_gaps_that_do_not_close_end_with_everything_asked_for(connect: Connect, server: Server) -> None:
    client = connect()
    server.first_frame = lambda since: json.dumps(server.snapshot() if since == 0 else {"revision": 9})
    server.revision = 9
    server.beat()
    eventually(lambda: client.status().revision == 9)
    assert server.streams_opened[0] == 0
    assert server.streams_opened[-1] == 0
    assert 1 in server.streams_opened


def test_a_delta_sent_twice_is_applied_once(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": documents.boolean(on=False)})
    server.send(json.dumps(server.deltas[-1]))
    server.publish({"banner-text": documents.text("Bye")})
    eventually(lambda: client.evaluate("banner-text", ALICE) == "Bye")
    assert client.status().revision == 3
    assert len(server.streams_opened) == 1


def test_a_server_that_went_back_in_time_is_followed(connect: Connect, server: Server) -> None:
    server.revision = 40
    client = connect()
    server.revision, server.flags = 12, {"new-checkout": documents.boolean(on=False)}
    for _ in range(3):
        server.beat()
    eventually(lambda: client.status().revision == 12)
    assert not client.is_enabled("new-checkout", ALICE)


@pytest.mark.parametrize(
    "garbage",
    ["", "nonsense", "[]", '{"revision": "two"}', '{"since": 1}', b"\x00\x01", gzip.compress(b"[]", mtime=0)[:-4]],
)
def test_garbage_costs_the_connection_and_nothing_else(connect: Connect, server: Server, garbage: str | bytes) -> None:
    client = connect()
    server.send(garbage)
    eventually(lambda: len(server.streams_opened) == 2)
    assert client.is_enabled("new-checkout", ALICE)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))


def test_a_delta_that_cannot_be_applied_makes_the_client_ask_for_everything(connect: Connect, server: Server) -> None:
    client = connect()
    server.send('{"since": 1, "revision": 2, "flags": [], "segments": {}}')
    eventually(lambda: server.streams_opened == [0, 0])
    assert client.is_enabled("new-checkout", ALICE)


def test_one_malformed_flag_spoils_itself_only(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": {"type": "teapot"}, "banner-text": documents.text("Bye")})
    eventually(lambda: client.evaluate("banner-text", ALICE) == "Bye")
    assert client.evaluate_detail("new-checkout", ALICE, "x").error_code == "MALFORMED_FLAG"


def test_an_environment_in_which_nothing_was_published_is_ready_and_empty(connect: Connect, server: Server) -> None:
    server.revision, server.flags = 0, {}
    client = connect()
    assert client.status().ready
    assert client.evaluate_detail("new-checkout", ALICE).error_code == "FLAG_NOT_FOUND"
    server.publish({"new-checkout": documents.boolean()})
    eventually(lambda: client.is_enabled("new-checkout", ALICE))


def test_a_handshake_refused_by_a_busy_server_is_tried_again(connect: Connect, server: Server) -> None:
    server.handshakes.extend([(503, {"Retry-After": "0"}), (429, {})])
    client = connect()
    assert client.status().state is State.STREAMING
    assert len(server.streams_opened) == 1


def test_a_configuration_that_is_too_large_is_refused(connect: Connect, server: Server) -> None:
    client = connect(max_message_bytes=10, start_timeout=0.1)
    assert not client.status().ready
    eventually(lambda: client.status().error is not None)


def test_close_ends_the_stream_at_once(connect: Connect, server: Server) -> None:
    client = connect()
    client.close()
    eventually(lambda: server.streams == 0, within=1)
    assert client.status().state is State.CLOSED
    assert client.is_enabled("new-checkout", ALICE)
