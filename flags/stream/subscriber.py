"""One connected SDK. It pulls: woken, it asks its feed what it lacks, so nothing is queued for a slow client."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from flags.snapshots import Update
from flags.stream import metrics
from flags.stream.feed import Feed
from flags.usage.reports import Sdk

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Subscriber:
    """Brings one socket to its feed's revision, again and again.

    However slow the client, what is held for it is one number; when it gets its breath back, it is sent everything
    it missed as one delta.
    """

    def __init__(self, feed: Feed, *, revision: int, key_id: str, send: Send, sdk: Sdk | None = None) -> None:
        self.key_id = key_id
        self.sdk = sdk
        self.feed = feed
        self._revision = revision
        self._send = send
        self._woken = asyncio.Event()
        self._heartbeat_due = True  # the first message may say: you lack nothing
        self._closing: int | None = None

    @property
    def revision(self) -> int:
        """Return the revision that it holds: what it said at first, then what it was sent."""
        return self._revision

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    def beat(self) -> None:
        """Send at least a heartbeat."""
        self._heartbeat_due = True
        self._woken.set()

    def close(self, code: int) -> None:
        """End the connection with this close code."""
        self._closing = code
        self._woken.set()

    async def run(self) -> None:
        """Send until the connection is closed; the caller cancels when the client goes."""
        with suppress(OSError):  # the client went while it was being sent something
            while self._closing is None:
                await self._send_what_is_missing()
                await self._woken.wait()
                self._woken.clear()
            await self._send({"type": "websocket.close", "code": self._closing})

    async def _send_what_is_missing(self) -> None:
        if self._revision == self.feed.revision and not self._heartbeat_due:
            return
        update = self.feed.since(self._revision)
        self._heartbeat_due = False
        began = time.perf_counter()
        try:
            if update.compressed is None:
                await self._send({"type": "websocket.send", "text": update.body.decode()})
            else:
                await self._send({"type": "websocket.send", "bytes": update.compressed})
        finally:  # also of one that never takes it, and is dropped
            metrics.sent(self.feed.place, kind=self._kind(update), seconds=time.perf_counter() - began)
        self._revision = update.revision

    def _kind(self, update: Update) -> str:
        if update.compressed is not None:
            return "snapshot"
        return "heartbeat" if update.revision == self._revision else "delta"
