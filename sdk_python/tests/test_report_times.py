"""When reports are sent and how long they may take: judged with an invented door and clock."""

import json
import threading
from collections.abc import Callable
from typing import Any

from flagsite_sdk.batches import MOST_ENTRIES
from flagsite_sdk.bell import Bell
from flagsite_sdk.chores import Chores
from flagsite_sdk.counts import Counted
from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized, Unreachable
from flagsite_sdk.events import EventQueue
from flagsite_sdk.queues import Queue
from flagsite_sdk.recordings import Recorded
from flagsite_sdk.reports import Reports
from flagsite_sdk.settings import Settings


class Door:
    """Plays the server's door for reports."""

    def __init__(self, *answers: ServerProblem | None) -> None:
        self.answers = iter(answers)
        self.timeouts: list[float | None] = []
        self.batches: list[dict[str, Any]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def report(self, body: bytes, *, timeout: float | None = None) -> None:
        self.batches.append(json.loads(body))
        assert len(self.batches) < 1_000, "it never ends"
        self.timeouts.append(timeout)
        self.meanwhile()
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
        self.bell = Bell()
        self.events = EventQueue(100, on_half_full=self.bell.ring, clock=lambda: self.now)
        self.records: Queue[Recorded] = Queue(20_000)
        self.reports = Reports(
            self.settings,
            take_counts=lambda: list(self.counts),
            events=self.events,
            records=self.records,
            http=self.door,
            instance="instance",
            now=lambda: self.now,
            clock=lambda: self.now,
        )

    def chores(self, stopping: threading.Event, **others: Any) -> Chores:
        whatever: dict[str, Any] = {"reports": self.reports, "save": lambda: None, "bell": self.bell, **others}
        return Chores(self.settings, stopping=stopping, now=lambda: self.now, clock=lambda: self.now, **whatever)

    def track(self, number: int) -> None:
        for each in range(number):
            self.events.add("purchase", "ann", each)


class Until(threading.Event):
    """What chores wait for: lets the desk's clock run instead, and is set when so many seconds are over."""

    def __init__(self, desk: Desk, seconds: float) -> None:
        super().__init__()
        self.desk, self.end = desk, desk.now + seconds

    def wait(self, timeout: float | None = None) -> bool:
        self.desk.now += timeout or 0
        if self.desk.now > self.end:
            self.set()
        return self.is_set()


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
    with desk.reports._sending:
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(desk.reports.send(timeout=0.01)))
        thread.start()
        thread.join()
    assert answers == [False]


def test_chores_are_done_at_their_times() -> None:
    """Sent at the flush interval, saved at the cache interval."""
    desk = Desk(flush_interval=90, cache_path="flags.json", cache_interval=40)
    done: list[tuple[str, float]] = []
    start = desk.now
    stopping = Until(desk, 125)
    desk.reports.send = lambda **_: bool(done.append(("send", desk.now - start)))  # type: ignore[method-assign, func-returns-value]
    desk.chores(stopping, bell=stopping, save=lambda: done.append(("save", desk.now - start))).run()
    assert [moment for what, moment in done if what == "save"] == [0, 40, 80, 120]
    assert [moment for what, moment in done if what == "send"] == [90]


def test_at_each_turn_of_the_minute_the_counts_go_into_the_one_that_is_over() -> None:
    desk = Desk()
    desk.now += 13
    desk.chores(Until(desk, 110)).mind_the_minutes()
    desk.counts = [Counted("flag", "on", "FALLTHROUGH", 5)]
    assert desk.reports.send()
    minutes = {count["minute"][11:16]: count["count"] for count in desk.door.batches[0]["counts"]}
    assert minutes == {"10:00": 1, "10:01": 1, "10:02": 5}


def test_a_request_that_takes_its_time_keeps_no_count_from_its_minute() -> None:
    desk = Desk()

    def gather_beside_it() -> None:
        desk.counts = [Counted("flag", "on", "FALLTHROUGH", 7)]
        gathering = threading.Thread(target=desk.reports.gather, daemon=True)
        gathering.start()
        gathering.join(10)
        assert not gathering.is_alive(), "it waits for the request"
        desk.now += 61
        desk.counts = []

    desk.door.meanwhile = gather_beside_it
    assert desk.reports.send()
    desk.door.meanwhile = lambda: None
    assert desk.reports.send()
    (count,) = desk.door.batches[1]["counts"]
    assert (count["count"], count["minute"]) == (7, "2026-11-22T10:00:00Z")


def test_a_flush_sends_what_was_there_and_ends_however_much_comes_meanwhile() -> None:
    desk = Desk()
    desk.track(20)
    desk.door.meanwhile = lambda: desk.track(5)
    assert desk.reports.send()
    assert [len(batch["events"]) for batch in desk.door.batches] == [20]
    assert desk.reports.send()
    assert [len(batch["events"]) for batch in desk.door.batches] == [20, 5]


def test_what_waits_goes_in_as_few_reports_as_the_limits_allow() -> None:
    desk = Desk()
    for _ in range(2 * MOST_ENTRIES - 10):
        desk.records.put(Recorded("flag", "ann", "on", "FALLTHROUGH", 1, "2026-11-22T10:00:00.000Z"))
    desk.track(3)
    assert desk.reports.send()
    assert len(desk.door.batches) <= 3, "some 130 bytes each, of 900,000"
    assert sum(len(batch["evaluations"]) for batch in desk.door.batches) == 2 * MOST_ENTRIES - 10


def test_a_queue_that_is_half_full_is_sent_before_it_is_time() -> None:
    desk = Desk(flush_interval=1_000)
    start = desk.now
    desk.track(49)
    sent: list[float] = []
    desk.door.meanwhile = lambda: sent.append(desk.now - start)

    class Bells(Until):
        """Rings after each second, and at the third the queue fills."""

        def wait(self, timeout: float | None = None) -> bool:
            if desk.now - start == 3:
                desk.track(1)
            return super().wait(min(1, timeout or 0))

    stopping = Bells(desk, 10)
    desk.chores(stopping, bell=stopping).run()
    assert sent == [4], "the second after that in which it filled"
    assert len(desk.events) == 0


def test_a_full_queue_does_not_press_a_server_that_is_away() -> None:
    desk = Desk(Unreachable("down"))
    desk.track(80)
    assert desk.reports.is_pressing
    assert not desk.reports.send()
    desk.track(100)
    assert not desk.reports.is_pressing
    assert desk.reports.send()


def test_filling_half_of_a_queue_rings_once_until_something_is_taken() -> None:
    rings: list[int] = []
    queue: Queue[int] = Queue(10, on_half_full=lambda: rings.append(len(queue)))
    for number in range(12):
        queue.put(number)
    assert (rings, queue.dropped) == ([5], 2)
    assert queue.take(7) == list(range(7))
    queue.put(0)
    queue.put(0)
    assert rings == [5, 5]


def test_a_bell_wakes_who_waits_and_who_will_wait() -> None:
    bell = Bell()
    waiting = threading.Thread(target=bell.wait, args=(600,))
    waiting.start()
    bell.ring()
    waiting.join(10)
    assert not waiting.is_alive()
    bell.ring()
    bell.ring()
    bell.wait(600)
    bell.wait(0)  # both rings were one


def test_what_does_not_fit_into_a_report_goes_before_more_is_taken() -> None:
    """Else the bound of the queue is none: entries that are large would gather behind it."""
    long = "ü" * 512
    desk = Desk(None, None, None, None, Unreachable("down"))
    for _ in range(20_000):
        desk.records.put(Recorded("flag", long, "on", "FALLTHROUGH", 1, "2026-11-22T10:00:00.000Z"))
    for number in range(100):
        desk.events.add("purchase", long, float(number))
    assert not desk.reports.send()
    assert len(desk.door.timeouts) == 5
    assert len(desk.reports._ledger._records) <= MOST_ENTRIES


def test_a_report_says_when_it_is_sent_each_time_that_it_is() -> None:
    desk = Desk(Unreachable("down"))
    desk.track(1)
    desk.reports.send()
    desk.now += 60
    assert desk.reports.send()
    first, again = desk.door.batches[:2]
    said = [batch["sdk"].pop("sent_at") for batch in (first, again)]
    assert said == ["2026-11-22T10:00:00.000Z", "2026-11-22T10:01:00.000Z"]
    assert first == again
