"""Many come at once: who asks about keys, who waits for a snapshot, and that no answer is older than the question."""

import asyncio
import threading
from typing import Any
from unittest.mock import Mock

import pytest

from flags.snapshots import Update
from flags.stream import lookups, snapshot_queue
from flags.stream.feed import Feed
from flags.stream.lines import Encode
from flags.stream.lookups import KeyLookups
from flags.stream.snapshot_queue import AT_ONCE, SnapshotQueue
from flags.stream.subscriber import Subscriber
from flagsite.lib.problems import NotSignedIn

# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_thousand_who_ask_about_one_key_are_two_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look_up(header: str, address: str | None) -> str:
        asked.append(header)
        return f"the key of {header}"

    async def ask() -> list[Any]:
        keys = KeyLookups()
        first = asyncio.create_task(keys.key_of("a", address=None))
        await asyncio.sleep(0)
        return await asyncio.gather(
            first, *(keys.key_of("a", address=None) for _ in range(1_000)), keys.key_of("b", address=None)
        )

    monkeypatch.setattr(lookups, "_key_of", look_up)
    assert set(asyncio.run(ask())) == {"the key of a", "the key of b"}
    assert len(asked) <= 3


def test_nobody_is_given_an_answer_that_is_older_than_their_question(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked, has_begun, may_end = False, threading.Event(), threading.Event()

    def look_up(header: str, address: str | None) -> str:
        found = revoked
        has_begun.set()
        may_end.wait(10)  # a slow database: the answer is on its way while somebody else asks
        if found:
            raise NotSignedIn("revoked")
        return header

    async def ask() -> None:
        nonlocal revoked
        keys = KeyLookups()
        before = asyncio.create_task(keys.key_of("a", address=None))
        await asyncio.to_thread(has_begun.wait, 10)
        revoked = True
        after = asyncio.create_task(keys.key_of("a", address=None))
        await asyncio.sleep(0)
        may_end.set()
        with pytest.raises(NotSignedIn):
            await after
        assert str(await before) == "a"

    monkeypatch.setattr(lookups, "_key_of", look_up)
    asyncio.run(ask())


def test_who_gives_up_asking_takes_the_answer_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_key_of", lambda *asked: asked[0])

    async def ask() -> str:
        keys = KeyLookups()
        impatient, patient = (asyncio.create_task(keys.key_of("a", address=None)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        return str(await patient)

    assert asyncio.run(ask()) == "a"


# --- snapshots -------------------------------------------------------------------------------------------------------


def as_it_is(update: Update) -> Update:
    return update


class Line:
    """A client that takes a message, and not another one before it says so."""

    def __init__(self) -> None:
        self.is_free = True
        self.encode: Encode = as_it_is
        self.taken: list[Update] = []

    def write(self, message: Update) -> None:
        self.taken.append(message)
        self.is_free = False

    def attach(self, listener: object) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


class Environment:
    """Stands for what a feed holds: a revision, and nothing that could be told by a delta."""

    def __init__(self) -> None:
        self.revision = 1
        self.made_at = None
        self.composed = 0

    def whole(self) -> Update:
        self.composed += 1
        return Update(self.revision, b"whole", b"packed")

    def delta_since(self, revision: int) -> Update | None:
        return Update(revision, b"{}") if revision == self.revision else None


def feed_of(environment: Environment, queue: SnapshotQueue) -> Feed:
    row = Mock(pk=1, revision=1)
    row.key, row.project.key = "production", "shop"
    feed = Feed(row, snapshots=queue)
    feed._snapshot = environment  # type: ignore[assignment]
    feed.show()
    return feed


def arrive(feed: Feed, number: int) -> list[Line]:
    lines = [Line() for _ in range(number)]
    for line in lines:
        Subscriber(feed, revision=0, key_id="k", line=line).bring_up_to_date()
    return lines


async def until(question: Any) -> None:
    async with asyncio.timeout(10):
        while not question():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.005)


def served(lines: list[Line]) -> int:
    return sum(bool(line.taken) for line in lines)


def test_so_many_snapshots_are_sent_at_a_time_and_one_is_composed() -> None:
    async def storm() -> None:
        environment, queue = Environment(), SnapshotQueue()
        lines = arrive(feed_of(environment, queue), 3 * AT_ONCE)
        await until(lambda: served(lines) == AT_ONCE)
        assert len(queue) == 2 * AT_ONCE
        assert environment.composed == 1

    asyncio.run(storm())


def test_whoever_has_taken_theirs_makes_room_for_the_next() -> None:
    async def storm() -> None:
        queue = SnapshotQueue()
        feed = feed_of(Environment(), queue)
        lines = [Line() for _ in range(AT_ONCE + 1)]
        subscribers = [Subscriber(feed, revision=0, key_id="k", line=line) for line in lines]
        for subscriber in subscribers:
            subscriber.bring_up_to_date()
        await until(lambda: served(lines) == AT_ONCE)
        lines[0].is_free = True
        subscribers[0].line_is_free(0.1)
        await until(lambda: served(lines) == AT_ONCE + 1)
        assert len(lines[0].taken) == 1

    asyncio.run(storm())


def test_one_who_is_too_slow_does_not_hold_the_others_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_queue, "PATIENCE_SECONDS", 0.0)

    async def storm() -> None:
        queue = SnapshotQueue()
        lines = arrive(feed_of(Environment(), queue), 2 * AT_ONCE)
        await until(lambda: served(lines) == AT_ONCE)
        queue.look_after()
        await until(lambda: served(lines) == 2 * AT_ONCE)

    asyncio.run(storm())


def test_nobody_is_given_a_snapshot_that_is_older_than_what_there_was_when_they_came() -> None:
    async def storm() -> None:
        environment, queue = Environment(), SnapshotQueue()
        feed = feed_of(environment, queue)
        (first,) = arrive(feed, 1)
        await until(lambda: first.taken)
        environment.revision = 2
        feed.show()
        later = arrive(feed, 5)
        await until(lambda: served(later) == 5)
        assert {line.taken[0].revision for line in later} == {2}

    asyncio.run(storm())


def test_who_goes_while_they_wait_is_passed_over() -> None:
    async def storm() -> None:
        feed = feed_of(Environment(), SnapshotQueue())
        gone, here = arrive(feed, 2)
        gone.is_free = False
        await until(lambda: here.taken)
        assert gone.taken == []

    asyncio.run(storm())
