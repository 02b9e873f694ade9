"""Counts are exact and arrive once, whatever the server does; events are bounded; nothing waits for either."""

import json
import threading
import time
from typing import Any

import pytest

from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized, Unreachable
from flagsite_sdk.events import EventQueue
from flagsite_sdk.reports import Chores, Reports
from flagsite_sdk.settings import Settings
from sdk_python.tests.conftest import ALICE, Connect, eventually
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
    assert batch["sdk"].keys() == {"name", "version", "instance"}
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
    for number in range(5):
        client.track(f"event-{number}", ALICE)
    assert client.status().dropped_events == 2
    assert client.flush()
    assert [event["name"] for event in server.events()] == ["event-0", "event-1", "event-2"]


@pytest.mark.parametrize(
    ("name", "context", "value"),
    [
        ("", ALICE, 1),
        ("x" * 257, ALICE, 1),
        (5, ALICE, 1),
        ("purchase", {}, 1),
        ("purchase", None, 1),
        ("purchase", {"id": 5}, 1),
        ("purchase", {"id": "x" * 2000}, 1),
        ("purchase", ALICE, "12"),
        ("purchase", ALICE, True),
        ("purchase", ALICE, float("nan")),
        ("purchase", ALICE, float("inf")),
    ],
)
def test_an_event_that_is_none_is_not_queued_and_said(
    connect: Connect, server: Server, name: Any, context: Any, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.track(name, context, value)
    client.track(name, context, value)
    assert client.flush()
    assert server.events() == []
    assert caplog.text.count("not tracked") == 1


class Door:
    """Plays the server's door for reports."""

    def __init__(self, *answers: ServerProblem | None) -> None:
        self.answers = iter(answers)
        self.timeouts: list[float | None] = []

    def report(self, body: bytes, *, timeout: float | None = None) -> None:
        assert json.loads(body)
        self.timeouts.append(timeout)
        problem = next(self.answers, None)
        if problem is not None:
            raise problem


class Desk:
    """Reports with an invented door and clock."""

    def __init__(self, *answers: ServerProblem | None, **settings: Any) -> None:
        self.now = 1_795_341_600.0  # 2026-11-22T10:00:00Z
        self.counts = [("flag", "on", "FALLTHROUGH", 1)]
        self.door = Door(*answers)
        self.settings = Settings(url="http://flags.test", api_key="fs_srv_1_x", **settings)
        self.events = EventQueue(100, clock=lambda: self.now)
        self.reports = Reports(
            self.settings,
            take_counts=lambda: list(self.counts),
            events=self.events,
            http=self.door,
            instance="instance",
            now=lambda: self.now,
            clock=lambda: self.now,
        )


def test_a_server_that_asks_to_wait_is_left_alone_until_then() -> None:
    desk = Desk(Refused("busy", status=503, retry_after=30))
    assert not desk.reports.send()
    desk.now += 29
    assert not desk.reports.send()
    assert len(desk.door.timeouts) == 1
    desk.now += 2
    assert desk.reports.send()


def test_a_last_report_does_not_wait() -> None:
    desk = Desk(Refused("busy", status=429, retry_after=30))
    desk.reports.send()
    assert desk.reports.send(timeout=1, urgent=True)


def test_a_refused_key_is_left_alone_for_a_minute() -> None:
    desk = Desk(Unauthorized("401"))
    assert not desk.reports.send()
    desk.now += 59
    assert not desk.reports.send()
    desk.now += 2
    assert desk.reports.send()


def test_no_request_takes_longer_than_what_is_left() -> None:
    desk = Desk(request_timeout=10)
    desk.reports.send(timeout=3)
    desk.reports.send(timeout=30)
    desk.reports.send()
    assert desk.door.timeouts[0] == 3
    assert desk.door.timeouts[-1] is None
    assert max(timeout for timeout in desk.door.timeouts if timeout) <= 10


def test_no_time_left_sends_nothing() -> None:
    desk = Desk()
    assert not desk.reports.send(timeout=0)
    assert desk.door.timeouts == []


def test_two_who_report_at_once_do_not_meet() -> None:
    desk = Desk()
    with desk.reports._working:
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(desk.reports.send(timeout=0.01)))
        thread.start()
        thread.join()
    assert answers == [False]


def test_every_minute_has_its_own_counts() -> None:
    desk = Desk(Unreachable("down"))
    desk.reports.gather()
    desk.now += 61
    desk.reports.gather()
    batch = desk.reports._ledger.seal()
    assert batch is not None
    minutes = [count["minute"] for count in json.loads(batch.body)["counts"]]
    assert minutes == ["2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z"]


def test_chores_are_done_at_their_times() -> None:
    """Gathered each minute, sent at the flush interval, saved at the cache interval."""
    desk = Desk(flush_interval=90, cache_path="flags.json", cache_interval=40)
    done: list[tuple[str, float]] = []
    stopping = threading.Event()
    start = desk.now
    chores = Chores(
        desk.settings,
        reports=desk.reports,
        save=lambda: done.append(("save", desk.now - start)),
        stopping=stopping,
        now=lambda: desk.now,
        clock=lambda: desk.now,
    )
    desk.reports.gather = lambda: done.append(("gather", desk.now - start))  # type: ignore[method-assign]
    desk.reports.send = lambda **_: bool(done.append(("send", desk.now - start)))  # type: ignore[method-assign, func-returns-value]

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            desk.now += timeout or 0
            if desk.now - start > 125:
                stopping.set()
            return False

    chores._asked = Clock()
    chores.run()
    assert [moment for what, moment in done if what == "save"] == [0, 40, 80, 120]
    assert [moment for what, moment in done if what == "send"] == [90]
    assert {0, 60, 120} <= {moment for what, moment in done if what == "gather"}
