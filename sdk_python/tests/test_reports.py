"""Counts are exact and arrive once, whatever the server does; events are bounded; nothing waits for either."""

import json
import time
from typing import Any

import pytest

from sdk_python.tests.conftest import ALICE, Connect, eventually, nothing_sent
from sdk_python.tests.server import Server

ON = ("new-checkout", "on", "FALLTHROUGH")


def test_counts_arrive(connect: Connect, server: Server) -> None:
    client = connect()
    for _ in range(5):
        client.is_enabled("new-checkout", ALICE)
    client.evaluate("missing", ALICE)
    assert client.flush()
    assert server.counts() == {ON: 5, ("missing", None, "ERROR"): 1}


def test_a_batch_is_what_the_contract_says(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    client.track("purchase", ALICE, value=12.5)
    assert client.flush()
    (batch,) = server.batches
    assert batch.keys() == {"batch", "sdk", "counts", "events"}
    assert batch["sdk"].keys() == {"name", "version", "instance", "revision", "sent_at"}
    assert batch["sdk"]["name"] == "flagsite-python"
    (count,), (event,) = batch["counts"], batch["events"]
    assert time.strptime(count.pop("minute"), "%Y-%m-%dT%H:%M:00Z")
    assert count == {"flag": "new-checkout", "variation": "on", "reason": "FALLTHROUGH", "count": 1}
    assert time.strptime(event.pop("time")[:19], "%Y-%m-%dT%H:%M:%S")
    assert event == {"name": "purchase", "context_id": "alice", "value": 12.5}
    headers = next(headers for method, _, headers in server.requests if method == "POST")
    assert headers["content-type"] == "application/json"
    assert "content-encoding" not in headers


def test_a_large_report_is_packed(connect: Connect, server: Server) -> None:
    client = connect()
    for number in range(100):
        client.track(f"event-{number}", ALICE)
    assert client.flush()
    headers = next(headers for method, _, headers in server.requests if method == "POST")
    assert headers["content-encoding"] == "gzip"
    assert len(server.events()) == 100


def test_nothing_to_say_is_not_said(connect: Connect, server: Server) -> None:
    assert connect().flush()
    assert not server.bodies


def test_reports_are_sent_by_themselves(connect: Connect, server: Server) -> None:
    client = connect(flush_interval=0.02)
    client.is_enabled("new-checkout", ALICE)
    eventually(lambda: server.counts() == {ON: 1})


def test_closing_reports_a_last_time(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    client.close()
    assert server.counts() == {ON: 1}


def test_closing_without_server_ends_in_time(connect: Connect, server: Server) -> None:
    client = connect(close_timeout=0.3)
    client.is_enabled("new-checkout", ALICE)
    server.stop()
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 1.5


def test_a_program_may_ask_for_no_reports(connect: Connect, server: Server) -> None:
    client = connect(report=False)
    client.is_enabled("new-checkout", ALICE)
    client.track("purchase", ALICE)
    assert not client.flush()
    client.close()
    assert not server.bodies


def test_a_report_that_failed_is_sent_again_under_the_same_number(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    server.reports.append((500, {}))
    assert not client.flush()
    client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    first, second, third = (json.loads(body) for body in server.bodies)
    assert first["sdk"].pop("sent_at") <= second["sdk"].pop("sent_at")
    assert first == second
    assert third["batch"] != second["batch"]
    assert server.counts() == {ON: 2}


def test_a_report_whose_answer_was_lost_is_counted_once(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    server.reports.append((502, {}))  # a proxy lost the answer, say
    client.flush()
    server.batches.append(json.loads(server.bodies[0]))  # it was taken all the same
    assert client.flush()
    assert server.counts() == {ON: 1}


def test_an_hour_without_server_loses_no_count(connect: Connect, server: Server) -> None:
    client = connect()
    server.stop()
    for _ in range(60):
        client.is_enabled("new-checkout", ALICE)
        assert not client.flush()
    server.start()
    assert client.flush()
    assert server.counts() == {ON: 60}
    assert client.status().dropped_counts == 0


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_report_that_will_never_be_taken_is_given_up_and_said(
    connect: Connect, server: Server, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    client.track("purchase", ALICE)
    server.reports.append((status, {}))
    client.flush()
    client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    assert server.counts() == {ON: 1}
    assert (client.status().dropped_counts, client.status().dropped_events) == (1, 1)
    assert "given up" in caplog.text


def test_a_full_queue_drops_and_says_how_many(connect: Connect, server: Server) -> None:
    client = connect(event_queue_size=3)
    with nothing_sent(client):
        for number in range(5):
            client.track(f"event-{number}", ALICE)
    assert client.status().dropped_events == 2
    assert client.flush()
    assert [event["name"] for event in server.events()] == ["event-0", "event-1", "event-2"]


def told(server: Server) -> list[Any]:
    """What reports tell of drops, each once however often it was sent."""
    reports = {report["batch"]: report for report in map(json.loads, server.bodies)}.values()
    return [report["dropped"] for report in reports if "dropped" in report]


def test_the_server_is_told_once_of_what_was_dropped(connect: Connect, server: Server) -> None:
    client = connect(event_queue_size=3, record_evaluations=1, record_queue_size=1)
    with nothing_sent(client):
        for number in range(5):
            client.track(f"event-{number}", ALICE)
            client.is_enabled("new-checkout", ALICE)
        client.is_enabled("Not A Key", ALICE)
        server.reports.append((503, {}))
    eventually(client.flush)
    first, again = map(json.loads, server.bodies[:2])
    assert first["sdk"].pop("sent_at") <= again["sdk"].pop("sent_at")
    assert first == again, "under the same number"
    client.is_enabled("banner-text", ALICE)
    assert client.flush()
    assert told(server) == [{"counts": 1, "events": 2, "records": 4}]


def test_what_is_dropped_is_told_though_there_is_nothing_else(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("Not A Key", ALICE)
    assert client.flush()
    assert told(server) == [{"counts": 1, "events": 0, "records": 0}]


def test_what_was_lost_with_a_refused_report_is_told_with_the_next(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    server.reports.append((400, {}))
    client.flush()
    client.track("purchase", ALICE)
    assert client.flush()
    assert told(server) == [{"counts": 1, "events": 0, "records": 0}]


def test_a_server_that_knows_no_drops_goes_on_taking_reports(connect: Connect, server: Server) -> None:
    client = connect(event_queue_size=1)
    with nothing_sent(client):
        client.track("one", ALICE)
        client.track("two", ALICE)
        server.reports.append((400, {}))
    eventually(lambda: client.flush() and not server.reports)
    client.track("three", ALICE)
    assert client.flush()
    assert len(told(server)) == 1
    assert [event["name"] for event in server.events()] == ["three"]


@pytest.mark.parametrize(
    "event",
    [
        ("", ALICE, 1),
        ("x" * 129, ALICE, 1),
        ("a\x00b", ALICE, 1),
        ("\ud800", ALICE, 1),
        ("purchase", {"id": "\ud800"}, 1),
        ("purchase", {"id": "a\x00b"}, 1),
        ("purchase", ALICE, 10**400),
        (5, ALICE, 1),
        ("purchase", {}, 1),
        ("purchase", None, 1),
        ("purchase", {"id": 5}, 1),
        ("purchase", {"id": "x" * 513}, 1),
        ("purchase", ALICE, "12"),
        ("purchase", ALICE, True),
        ("purchase", ALICE, float("nan")),
        ("purchase", ALICE, float("inf")),
    ],
)
def test_an_event_that_is_none_is_not_queued_and_said(
    connect: Connect, server: Server, event: tuple[Any, Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.track(*event)
    client.track(*event)
    assert client.flush()
    assert server.events() == []
    assert caplog.text.count("not tracked") == 1
