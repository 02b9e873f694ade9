"""What a stream process promises each connection, seen from bare sockets: nothing queued, nothing older, a goodbye."""

import gzip
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.ports import eventually
from tests.processes.handshake import knock
from tests.processes.site import Process, Site, patch

Message = dict[str, Any]


def follow(site: Site, stream: Process, *, since: int = 0) -> ClientConnection:
    return connect(
        f"{stream.url.replace('http', 'ws')}/sdk/stream?since={since}",
        additional_headers={"Authorization": f"Bearer {site.server_key}"},
        compression=None,
        ping_interval=None,
        max_size=None,
        max_queue=None,
        close_timeout=1,
    )


def told(connection: ClientConnection, *, within: float = 20.0) -> Message:
    """Return the next message."""
    frame = connection.recv(timeout=within)
    message: Message = json.loads(gzip.decompress(frame) if isinstance(frame, bytes) else frame)
    return message


def next_change(connection: ClientConnection) -> Message:
    """Return the next message that is no heartbeat."""
    while "flags" not in (message := told(connection)):
        pass
    return message


def head_of(site: Site) -> int:
    ((revision,),) = site.rows("SELECT revision FROM accounts_environment")
    return int(revision)


@pytest.fixture
def api(site: Site, web: Process) -> Iterator[httpx.Client]:
    with site.api(web) as api:
        yield api


def test_the_first_message_is_the_snapshot_a_delta_or_a_heartbeat(
    site: Site, stream: Process, api: httpx.Client
) -> None:
    before = head_of(site)
    patch(api, "flag-0000", rollout_percentage=10)
    with follow(site, stream) as one:
        snapshot = told(one)
        assert (snapshot["revision"], "since" in snapshot) == (before + 1, False)
    with follow(site, stream, since=before) as one:
        delta = told(one)
        assert (delta["since"], delta["revision"], list(delta["flags"])) == (before, before + 1, ["flag-0000"])
    with follow(site, stream, since=before + 1) as one:
        assert told(one) == {"revision": before + 1}


def test_who_is_ahead_of_what_there_is_gets_the_snapshot(site: Site, stream: Process) -> None:
    with follow(site, stream, since=head_of(site) + 1_000) as one:
        assert "since" not in told(one)


def test_heartbeats_come_by_themselves(site: Site, stream: Process) -> None:
    with follow(site, stream, since=head_of(site)) as one:
        assert [told(one), told(one)] == [{"revision": head_of(site)}] * 2


def test_pings_are_answered_and_a_goodbye_too(site: Site, stream: Process) -> None:
    with follow(site, stream) as one:
        assert one.ping("are you there?").wait(10)
        one.send("what a client says is ignored")
        one.close()
        assert (one.close_code, one.protocol.close_rcvd is not None) == (1000, True)


def test_who_says_too_much_is_cut_off(site: Site, stream: Process) -> None:
    with follow(site, stream) as one, suppress(ConnectionClosed):
        one.send(b"x" * 100_000)
        while True:
            told(one)
    assert one.close_code == 1009


def test_there_is_no_stream_at_another_address(site: Site, stream: Process) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{stream.url.replace('http', 'ws')}/elsewhere"):
        pass
    answer = refused.value.response
    assert (answer.status_code, json.loads(answer.body)["code"]) == (404, "NOT_FOUND")
    with follow(site, stream):  # by now, what was to be said of it has been
        assert "Traceback" not in stream.said()
        assert '"level": "error"' not in stream.said(), "a refusal is no mistake of ours"


def test_a_handshake_may_come_in_pieces(site: Site, stream: Process) -> None:
    head = f"GET /sdk/stream?since={head_of(site)} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    rest = (
        "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {site.server_key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", stream.port)) as client:
        for piece in (head[:3], head[3:30], head[30:], rest):
            client.sendall(piece.encode())
            time.sleep(0)  # lets the server read what is there
        (message,) = _messages(client, until=head_of(site))
        assert message == {"revision": head_of(site)}


def test_who_asks_for_the_stream_without_a_websocket_is_told_what_is_wanted(site: Site, stream: Process) -> None:
    with site.sdk_api(stream) as sdk:
        assert sdk.get("/sdk/stream").status_code == 426


def test_a_slow_reader_is_sent_what_it_missed_as_one_delta(site: Site, stream: Process, api: httpx.Client) -> None:
    def list_ids(number: int) -> None:
        # more than the kernel takes for one who does not read
        ids = [f"{number}-{each:025}" for each in range(50_000)]
        assert api.patch("/segments/many", json={"included": ids}).status_code == 200

    assert api.post("/segments", json={"key": "many"}).status_code == 201
    began = head_of(site)
    slowly = knock(stream, site.server_key, since=began, receive_buffer=4_096)
    with slowly as slow, follow(site, stream, since=began) as quick:
        assert told(quick) == {"revision": began}
        eventually(lambda: _scraped(stream, "flagsite_sdk_connections") >= 2)
        for number in range(5):
            list_ids(number)
            assert next_change(quick)["revision"] == began + number + 1
        deltas = [message for message in _messages(slow, until=began + 5) if "flags" in message]
    *before, merged = [(delta["since"], delta["revision"]) for delta in deltas]
    assert before == [(began + number, began + number + 1) for number in range(len(before))], "what the kernel took"
    assert merged == (began + len(before), began + 5)
    assert len(before) < 4
    assert deltas[-1]["segments"]["many"]["included"][0].startswith("4-")


def test_who_joins_while_changes_are_published_misses_none(site: Site, stream: Process, api: httpx.Client) -> None:
    enough = threading.Event()

    def change() -> None:
        while not enough.is_set():
            patch(api, "flag-0001", salt=f"{time.monotonic()}")

    changing = threading.Thread(target=change)
    with ExitStack() as connections:
        changing.start()
        joined: list[tuple[ClientConnection, int]] = []
        try:
            for number in range(30):
                known = head_of(site)
                connection = connections.enter_context(follow(site, stream, since=known if number % 2 else 0))
                first = told(connection)["revision"]
                assert first >= known, "nobody is told of an older revision than there was when they came"
                joined.append((connection, first))
        finally:
            enough.set()
            changing.join()
        last = head_of(site)
        for connection, first in joined:
            held = first
            while held < last:
                message = told(connection)
                assert message.get("since", held) == held, "each delta begins where the one before ended"
                assert message["revision"] >= held
                held = message["revision"]


def test_a_process_has_as_many_connections_as_it_may(site: Site) -> None:
    site.environment["STREAM_MAX_CONNECTIONS"] = "2"
    small = site.stream()
    del site.environment["STREAM_MAX_CONNECTIONS"]
    with follow(site, small) as first, follow(site, small):
        with pytest.raises(InvalidStatus) as refused, follow(site, small):
            pass
        answer = refused.value.response
        assert (answer.status_code, json.loads(answer.body)["code"]) == (503, "UNAVAILABLE")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        first.close()
        eventually(lambda: _can_follow(site, small))


def test_a_process_that_stops_sends_its_clients_away_and_waits_for_none(site: Site) -> None:
    stopping = site.stream()
    began = time.monotonic()
    with ExitStack() as connections:
        clients = [connections.enter_context(follow(site, stopping)) for _ in range(20)]
        connections.enter_context(knock(stopping, site.server_key))  # which never answers
        eventually(lambda: _scraped(stopping, "flagsite_sdk_connections") == 21)
        stopping.end(signal.SIGTERM)
        for client in clients:
            with suppress(ConnectionClosed):
                while True:
                    told(client)
            assert (client.close_code, client.close_reason) == (1012, "retry-within=1")
    assert time.monotonic() - began < 60
    assert "Traceback" not in stopping.said()


def _can_follow(site: Site, stream: Process) -> bool:
    try:
        with follow(site, stream):
            return True
    except InvalidStatus:
        return False


def _messages(sock: socket.socket, *, until: int) -> Iterator[Message]:
    """Read frames off the socket up to the one that leads to a revision."""
    reading = sock.makefile("rb")
    while reading.readline().strip():
        pass
    revision = -1
    while revision < until:
        first, length = reading.read(2)
        if length >= 126:
            length = int.from_bytes(reading.read(2 if length == 126 else 8), "big")
        payload = reading.read(length)
        if first & 0x0F in {1, 2}:
            message = json.loads(gzip.decompress(payload) if first & 0x0F == 2 else payload)
            revision = message["revision"]
            yield message


def _scraped(process: Process, metric: str) -> float:
    """Return the sum of a metric's series."""
    text = httpx.get(f"{process.url}/metrics", timeout=10, trust_env=False).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{metric}{{"))
