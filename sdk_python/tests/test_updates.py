"""When to stream, when to poll and how long to wait: judged with an invented stream, server and clock."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flagsite_sdk.configuration import Change, Configuration
from flagsite_sdk.errors import Refused, Unauthorized, Unreachable
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.settings import Settings
from flagsite_sdk.status import Board, Source, State, Status
from flagsite_sdk.stream import Cause, Ending
from flagsite_sdk.updates import Updates

SNAPSHOT = json.dumps({"revision": 5, "flags": {}, "segments": {}})
LOST = Ending(Cause.LOST, "lost")
Life = tuple[float, list[str], Ending]  # how long a stream lived, what it brought, how it ended


class Script:
    """Plays the server: what each stream and each poll brings. Ends the play when it is read to its end."""

    def __init__(
        self,
        *,
        streams: Sequence[Ending | Life],
        polls: list[Any] | None = None,
        chances: Sequence[float] = (),
        **settings: Any,
    ) -> None:
        drawn = iter(chances)
        self.streams: Iterator[Ending | Life] = iter(streams)
        self.polls: Iterator[Any] = iter(polls or [])
        self.now = 0.0
        self.log: list[tuple[str, Any]] = []
        self.states: list[State] = []
        self.changes: list[Change] = []
        self.stopping = threading.Event()
        self.configuration = Configuration()
        listeners: Listeners[Status] = Listeners()
        listeners.add(lambda status: self.states.append(status.state))
        self.board = Board(listeners)
        self.updates = Updates(
            Settings(url="http://flags.test", api_key="fs_srv_1_x", **settings),
            self.configuration,
            self.board,
            stream=self,
            http=self,
            on_change=self.changes.append,
            stopping=self.stopping,
            wait=self.wait,
            clock=lambda: self.now,
            jitter=lambda: next(drawn, 1.0),
        )

    def play(self) -> "Script":
        self.updates.run()
        return self

    def wait(self, seconds: float) -> None:
        if self.stopping.is_set():
            return
        self.log.append(("wait", round(seconds, 3)))
        self.now += seconds

    def follow(self, *, since: int, on_frame: Callable[[str | bytes], bool]) -> Ending:
        self.log.append(("stream", since))
        script = next(self.streams, None)
        if script is None:
            self.stopping.set()
            return LOST
        if isinstance(script, Ending):
            return script
        lives, frames, ending = script
        for frame in frames:
            if not on_frame(frame):
                return Ending(Cause.INTERRUPTED, "the reader had enough")
        self.now += lives
        return ending

    def fetch(self, *, since: int | None) -> bytes | None:
        self.log.append(("poll", since))
        answer = next(self.polls, ...)
        if answer is ...:
            self.stopping.set()
            return None
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else json.dumps(answer).encode()

    def waits(self) -> list[float]:
        return [seconds for what, seconds in self.log if what == "wait"]


def test_failing_streams_are_tried_again_ever_more_slowly() -> None:
    script = Script(streams=[LOST] * 4, stream_failures_before_polling=100).play()
    assert script.waits() == [0.5, 1, 2, 4]


def test_a_stream_that_lived_begins_the_waits_again() -> None:
    lived = (31, [SNAPSHOT], LOST)
    script = Script(streams=[LOST, LOST, lived, LOST], stream_failures_before_polling=100).play()
    assert script.waits() == [0.5, 1, 0.5, 1]


def test_streams_that_die_young_are_not_asked_for_in_a_hurry() -> None:
    young = (1, [SNAPSHOT], LOST)
    assert Script(streams=[young] * 4).play().waits() == [0.5, 1, 2, 4]


def test_a_server_that_names_a_time_is_obeyed() -> None:
    busy = Ending(Cause.OVERLOADED, "busy", 7.0)
    assert Script(streams=[busy]).play().waits() == [7.5]


def test_a_poll_that_comes_too_often_for_its_key_waits_as_long_as_it_is_told() -> None:
    too_often = Refused("too often", status=429, retry_after=60)
    script = Script(streams=[], polls=[too_often, too_often], stream=False, poll_interval=30).play()
    assert [60 <= wait <= 90 for wait in script.waits()[:2]] == [True, True]


def test_a_server_that_sends_its_clients_away_spreads_them_over_the_seconds_that_it_names() -> None:
    restarting = Ending(Cause.RESTARTING, "restart", retry_within=5.0)
    script = Script(streams=[restarting] * 2, chances=[0.0, 0.0, 0.6, 1.0], stream_failures_before_polling=100).play()
    assert script.waits() == [3.0 + 1.0], "of the first series both draws gave nothing"


def test_an_overloaded_server_is_given_a_moment_even_when_it_names_none() -> None:
    assert Script(streams=[Ending(Cause.OVERLOADED, "busy")]).play().waits() == [1.0]


def test_it_reconnects_with_the_revision_held() -> None:
    script = Script(streams=[(1, [SNAPSHOT], LOST)]).play()
    assert [each for each in script.log if each[0] == "stream"] == [("stream", 0), ("stream", 5)]


def test_after_three_failures_it_polls_and_goes_on_trying_the_stream() -> None:
    polls = [{"revision": 1, "flags": {}, "segments": {}}]
    script = Script(streams=[LOST] * 6, polls=polls).play()
    assert script.log == [
        ("stream", 0),
        ("wait", 0.5),
        ("stream", 0),
        ("wait", 1),
        ("stream", 0),
        ("poll", None),
        ("wait", 2),
        ("stream", 1),
        ("wait", 4),
        ("stream", 1),
        ("wait", 8),
        ("stream", 1),
        ("wait", 16),
        ("stream", 1),
    ]
    assert script.board.status.state is State.POLLING


def test_polling_ends_when_the_stream_is_back() -> None:
    polls = [{"revision": 4, "flags": {}, "segments": {}}]
    script = Script(streams=[LOST, LOST, LOST, (60, [SNAPSHOT], LOST)], polls=polls).play()
    assert script.states == [
        State.RECONNECTING,
        State.RECONNECTING,  # a configuration is held now
        State.POLLING,
        State.STREAMING,
        State.RECONNECTING,
    ]
    assert [what for what, _ in script.log].count("poll") == 1


def test_a_place_without_streams_is_polled_at_once() -> None:
    script = Script(streams=[Ending(Cause.REFUSED, "404")], polls=[None]).play()
    assert script.log[:2] == [("stream", 0), ("poll", None)]


def test_without_streams_it_polls_at_its_interval() -> None:
    script = Script(streams=[], polls=[None, None, None], stream=False, poll_interval=30).play()
    assert script.waits() == pytest.approx([33, 33, 33])
    assert script.states == [State.POLLING]


def test_polls_that_fail_back_off_and_obey() -> None:
    polls = [Unreachable("down"), Unreachable("down"), Refused("busy", status=503, retry_after=9), None]
    script = Script(streams=[], polls=polls, stream=False, poll_interval=30).play()
    assert script.waits() == pytest.approx([0.5, 1, 11, 33])
    assert script.states[0] is State.RECONNECTING
    assert script.states[-1] is State.POLLING


def test_a_poll_brings_deltas() -> None:
    polls = [
        {"revision": 5, "flags": {}, "segments": {}},
        {"since": 5, "revision": 6, "flags": {"a": None}, "segments": {"s": None}},
    ]
    script = Script(streams=[], polls=polls, stream=False).play()
    assert script.changes[-1] == Change(6, frozenset({"a"}), frozenset({"s"}))
    assert script.board.status.source is Source.POLL


@pytest.mark.parametrize(
    "answer",
    [
        {"since": 9, "revision": 10, "flags": {}, "segments": {}},
        {"since": 5, "revision": 6, "flags": [], "segments": {}},
        ["nonsense"],
    ],
)
def test_a_poll_that_does_not_follow_is_asked_again_for_everything(answer: Any) -> None:
    polls = [json.loads(SNAPSHOT), answer, json.loads(SNAPSHOT), None]
    script = Script(streams=[], polls=polls, stream=False).play()
    assert [since for what, since in script.log if what == "poll"] == [None, 5, None, 5, 5]


def test_a_refused_key_is_tried_again_slowly() -> None:
    script = Script(streams=[Ending(Cause.UNAUTHORIZED, "401")] * 2).play()
    assert script.waits() == [90, 90]
    assert script.states == [State.UNAUTHORIZED]
    assert ("poll", None) not in script.log


def test_a_refused_key_is_tried_again_slowly_when_polling() -> None:
    script = Script(streams=[], polls=[Unauthorized("401"), None], stream=False).play()
    assert script.waits()[0] == 90
    assert script.states == [State.UNAUTHORIZED, State.POLLING]


def test_a_key_that_is_revoked_later_keeps_what_is_held() -> None:
    script = Script(streams=[(100, [SNAPSHOT], Ending(Cause.UNAUTHORIZED, "4401"))]).play()
    assert script.board.status.ready
    assert script.states[-1] is State.UNAUTHORIZED
    assert script.waits() == [90]


def test_listeners_learn_of_every_change() -> None:
    flags: dict[str, Any] = {"a": {}, "b": {}}
    frames = [
        json.dumps({"revision": 1, "flags": flags, "segments": {}}),
        json.dumps({"since": 1, "revision": 2, "flags": {"a": None}, "segments": {}}),
        json.dumps({"revision": 3, "flags": {"b": {}, "c": {}}, "segments": {"s": {}}}),
    ]
    script = Script(streams=[(1, frames, LOST)]).play()
    assert script.changes == [
        Change(1, frozenset({"a", "b"})),
        Change(2, frozenset({"a"})),
        Change(3, frozenset({"c"}), frozenset({"s"})),
    ]
