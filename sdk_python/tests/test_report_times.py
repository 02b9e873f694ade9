"""When reports are sent and how long they may take: judged with an invented door and clock."""

import json
import threading
from typing import Any

from flagsite_sdk.counts import Counted
from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized, Unreachable
from flagsite_sdk.events import EventQueue
from flagsite_sdk.recordings import Recorded
from flagsite_sdk.reports import Chores, Reports
from flagsite_sdk.settings import Settings


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
        self.counts = [Counted("flag", "on", "FALLTHROUGH", 1)]
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


def test_what_does_not_fit_into_a_report_goes_before_more_is_taken() -> None:
    """Else the bound of the queue is none: entries that are large would gather behind it."""
    long = "ü" * 512

    def take(most: int) -> list[Recorded]:
        record = Recorded("flag", long, "on", "FALLTHROUGH", 1, "2026-11-22T10:00:00.000Z")
        return [record] * most

    desk = Desk(None, None, None, None, Unreachable("down"))
    desk.reports._take_records = take
    for number in range(100):
        desk.events.add("purchase", long, float(number))
    assert not desk.reports.send()
    assert len(desk.door.timeouts) == 5
    assert len(desk.reports._ledger._records) <= 2_000
