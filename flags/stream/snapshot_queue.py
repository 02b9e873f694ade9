"""Who waits for a snapshot, and how many are sent one at a time.

A delta is small and sent at once; a snapshot can be megabytes, and after a restart thousands want one. Here they stand
in line, each costing no more than its place. One who is too slow in taking it loses the place at the counter, not the
snapshot: what waits for them in this process is bounded by `flags.stream.sockets.SLICE` anyway.
"""

import asyncio
from collections import deque
from typing import Final

import structlog

from flags.stream import metrics
from flags.stream.feed import Feed
from flags.stream.subscriber import Subscriber

log = structlog.get_logger(__name__)

AT_ONCE: Final = 128
"""Snapshots that are being sent at a time."""
PATIENCE_SECONDS: Final = 2.0
"""Who takes longer than this to take one no longer counts among them."""
_AT_A_STRETCH: Final = 16
"""Snapshots begun before anything else has its turn on the event loop."""

Place = tuple[Subscriber, int]
"""Who waits, and the revision that there was when they came: they are given no older one."""


class SnapshotQueue:
    """One for the process, on its event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._uncomposed: dict[Feed, deque[Place]] = {}
        self._ready: deque[Place] = deque()
        self._sending: dict[Subscriber, float] = {}  # since when; the oldest first
        self._composing: dict[Feed, asyncio.Task[None]] = {}
        self._is_due = False

    def ask(self, subscriber: Subscriber) -> None:
        """Stand in line."""
        self._stand((subscriber, subscriber.feed.revision))

    def give_back(self, subscriber: Subscriber) -> None:
        """Let the next one have the place, when the subscriber had one."""
        if self._sending.pop(subscriber, None) is not None and self._ready:
            self._serve_soon()

    def look_after(self) -> None:
        """Go on without those who are too slow, and say how many wait; called now and then."""
        too_long = self._loop.time() - PATIENCE_SECONDS
        for subscriber, since in list(self._sending.items()):
            if since > too_long:
                break
            del self._sending[subscriber]
        metrics.snapshots_wait(len(self))
        self._composing = {feed: task for feed, task in self._composing.items() if not task.done()}
        for feed in self._uncomposed:
            self._compose(feed)
        self._serve_soon()

    def __len__(self) -> int:
        """Return how many wait, some of whom may have gone."""
        return len(self._ready) + sum(map(len, self._uncomposed.values()))

    def _stand(self, place: Place) -> None:
        subscriber, at_least = place
        feed = subscriber.feed
        if feed.whole(subscriber.line.encode, at_least=at_least) is None:
            self._uncomposed.setdefault(feed, deque()).append(place)
            self._compose(feed)
        else:
            self._ready.append(place)
            self._serve_soon()

    def _compose(self, feed: Feed) -> None:
        under_way = self._composing.get(feed)
        if under_way is None or under_way.done():
            self._composing[feed] = self._loop.create_task(self._compose_and_serve(feed))

    async def _compose_and_serve(self, feed: Feed) -> None:
        try:
            feed.has_composed(await asyncio.to_thread(feed.compose))
        except Exception as error:  # noqa: BLE001 - `look_after` tries again
            metrics.work_failed("catch_up")
            log.warning("snapshot_not_composed", environment=feed.environment_id, error=repr(error))
            return
        self._ready.extend(self._uncomposed.pop(feed, ()))
        self._serve_soon()

    def _serve_soon(self) -> None:
        if not self._is_due and self._ready:
            self._is_due = True
            self._loop.call_soon(self._serve)

    def _serve(self) -> None:
        self._is_due = False
        begun = 0
        while self._ready and len(self._sending) < AT_ONCE and begun < _AT_A_STRETCH:
            subscriber, at_least = self._ready.popleft()
            if not subscriber.line.is_free:  # it has gone, or is being asked whether it is there
                subscriber.lose_place()
                continue
            parcel = subscriber.feed.whole(subscriber.line.encode, at_least=at_least)
            if parcel is None:  # it has become too old
                self._stand((subscriber, at_least))
                continue
            self._sending[subscriber] = self._loop.time()
            begun += 1
            subscriber.take_snapshot(parcel)
        if begun == _AT_A_STRETCH:
            self._serve_soon()
