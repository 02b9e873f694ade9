"""The stream of one process: one subscription to notifications, and a check that none was missed.

A notification says "environment 7 is at 42". Losing it (Redis is down, the process that published was killed between
commit and notification) costs at most `STREAM_CHECK_SECONDS`: so often the database is asked, in one query, how far
the environments with subscribers have come.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from accounts.models import Environment
from accounts.querysets import server_keys_in_force
from flags.publishing.notifications import GROUP, listen
from flags.stream import metrics
from flags.stream.admission import Admission
from flags.stream.feed import Feed
from flags.stream.lookups import KeyLookups
from flags.stream.presence import note_connected
from flags.stream.snapshot_queue import SnapshotQueue
from flags.stream.subscriber import Subscriber
from flagsite.lib import tracing
from flagsite.lib.tracing import NOWHERE, Carrier

log = structlog.get_logger(__name__)

KEY_REVOKED = 4401
_BEATS_AT_A_STRETCH = 200


class Hub:
    """All feeds of this process; lives on one event loop, started by the first subscriber."""

    def __init__(self) -> None:
        self.admission = Admission()
        self.keys = KeyLookups()
        self._feeds: dict[int, Feed] = {}
        self._snapshots = SnapshotQueue()
        self._heads: dict[int, tuple[int, Carrier]] = {}
        self._advanced = asyncio.Event()
        self._checked_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(work) for work in self._work()]
        listen(self._heard_from_a_thread)

    def _work(self) -> Iterable[Any]:
        yield self._catch_up_forever()
        yield self._every(settings.STREAM_CHECK_SECONDS, self._check_for_missed)
        yield self._every(settings.STREAM_CHECK_SECONDS, self._measure)
        yield self._every(settings.STREAM_KEY_CHECK_SECONDS, self._drop_the_revoked)
        yield self._every(float(settings.STREAM_HEARTBEAT_SECONDS), self._beat)
        yield self._every(settings.STREAM_PRESENCE_SECONDS, self._note_connected)
        if not isinstance(get_channel_layer(), InMemoryChannelLayer):
            yield self._listen_to_other_processes()

    async def feed_of(self, environment: Environment) -> Feed:
        """Return the environment's feed, at the revision that the row says or a later one."""
        feed = self._feeds.get(environment.pk)
        if feed is None:
            feed = self._feeds[environment.pk] = Feed(environment, snapshots=self._snapshots)
        if feed.revision < environment.revision:
            async with feed.catching_up:  # one reads for all who wait
                if feed.revision < environment.revision:
                    await database_sync_to_async(feed.catch_up, thread_sensitive=False)(environment.revision)
                    feed.show()
        return feed

    def join(self, subscriber: Subscriber) -> None:
        """Add a subscriber to its feed, and send the first message."""
        feed = subscriber.feed = self._feeds.setdefault(subscriber.feed.environment_id, subscriber.feed)
        feed.show()
        metrics.joined(feed.place, since=subscriber.revision)
        self.admission.following += 1
        feed.subscribers.add(subscriber)
        subscriber.line.attach(subscriber)
        subscriber.bring_up_to_date()

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; its feed goes with the last one."""
        feed = subscriber.feed
        self.admission.following -= 1
        feed.subscribers.discard(subscriber)
        if not feed.subscribers:
            feed.count()
            self._feeds.pop(feed.environment_id, None)
            metrics.stands_no_more(feed.place)

    def _heard_from_a_thread(self, heads: Mapping[int, int]) -> None:
        self._loop.call_soon_threadsafe(self._heard, dict(heads), tracing.carrier())

    def _heard(self, heads: Mapping[int, int], trace: Carrier = NOWHERE) -> None:
        """Note how far environments have come, whoever says so, and the trace of the change that brought them there."""
        for environment_id, revision in heads.items():
            feed = self._feeds.get(environment_id)
            if feed is not None and revision != feed.revision:
                feed.head = revision
                _, known = self._heads.get(environment_id, (revision, NOWHERE))
                self._heads[environment_id] = revision, trace or known
                self._advanced.set()

    async def _catch_up_forever(self) -> None:
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            heads, self._heads = self._heads, {}
            for environment_id, (revision, trace) in heads.items():
                feed = self._feeds.get(environment_id)
                if feed is None:
                    continue
                try:
                    with tracing.span("flagsite.stream", parent=trace, kind="CONSUMER") as span:
                        await database_sync_to_async(feed.catch_up, thread_sensitive=False)(revision)
                        feed.show(tracing.carrier())
                        span.set_attribute("flagsite.revision", feed.revision)
                        span.set_attribute("flagsite.subscribers", len(feed.subscribers))
                except Exception as error:  # noqa: BLE001 - the next check tries again
                    metrics.work_failed("catch_up")
                    log.warning("catch_up_failed", environment=environment_id, error=repr(error))

    async def _listen_to_other_processes(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while True:
                    message = await layer.receive(channel)
                    heads = {int(pk): int(revision) for pk, revision in message["heads"]}
                    self._heard(heads, tracing.carrier_in(message.get("trace")))
            except Exception as error:  # noqa: BLE001 - Redis may be away; until it is back, the check does the work
                metrics.work_failed("listen")
                log.warning("notifications_lost", error=repr(error))
                await asyncio.sleep(1.0)

    async def _every(self, seconds: float, work: Callable[[], Any]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the database may be away; the next round tries again
                metrics.work_failed("check")
                log.warning("stream_check_failed", check=work.__name__, error=repr(error))

    async def _check_for_missed(self) -> None:
        if self._feeds:
            self._heard(await database_sync_to_async(_heads_of, thread_sensitive=False)(list(self._feeds)))
        self._checked_at = time.monotonic()

    async def _measure(self) -> None:
        for feed in list(self._feeds.values()):
            if feed.subscribers:
                feed.measure()
            else:  # somebody was let in, and went before they joined
                del self._feeds[feed.environment_id]
        self._snapshots.look_after()
        metrics.unchecked_for(time.monotonic() - self._checked_at)

    async def _drop_the_revoked(self) -> None:
        held = {subscriber.key_id for subscriber in self._subscribers()}
        if not held:
            return
        in_force = await database_sync_to_async(server_keys_in_force, thread_sensitive=False)(held)
        for subscriber in self._subscribers():
            if subscriber.key_id not in in_force:
                subscriber.line.close(KEY_REVOKED)

    async def _note_connected(self) -> None:
        await note_connected(self._subscribers())

    async def _beat(self) -> None:
        for number, subscriber in enumerate(self._subscribers(), 1):
            subscriber.beat()
            if number % _BEATS_AT_A_STRETCH == 0:  # so that no change waits for all of them
                await asyncio.sleep(0)

    def _subscribers(self) -> list[Subscriber]:
        return [subscriber for feed in self._feeds.values() for subscriber in feed.subscribers]


def _heads_of(environment_ids: list[int]) -> dict[int, int]:
    return dict(Environment.objects.filter(pk__in=environment_ids).values_list("pk", "revision"))


_hub: Hub | None = None


def hub() -> Hub:
    """Return the process's hub, starting it on the running event loop when it is the first call."""
    global _hub  # noqa: PLW0603 - one hub a process is the point
    if _hub is None:
        _hub = Hub()
    return _hub
