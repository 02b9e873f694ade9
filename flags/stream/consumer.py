"""`WS /sdk/stream?since=N`: the handshake, and handing the socket to the hub."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import orjson
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from django.db import OperationalError

from accounts.api.authentication import key_of_header
from accounts.models import ServerKey
from flags.stream import metrics
from flags.stream.hub import hub
from flags.stream.presence import sdk_of
from flags.stream.subscriber import Subscriber
from flagsite.lib import problems
from flagsite.lib.digits import number_of

TRY_AGAIN_LATER = 1013


class StreamConsumer(AsyncConsumer):
    """One SDK's connection. What it sends is ignored: the stream goes one way."""

    channel_layer_alias = "none"  # no channel of its own: the hub listens once for all

    def __init__(self) -> None:
        super().__init__()
        self._subscriber: Subscriber | None = None
        self._sending: asyncio.Task[None] | None = None

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Let a server key in, refuse everything else with the problem that HTTP would give."""
        del message
        try:
            key = await database_sync_to_async(self._key, thread_sensitive=False)()
        except problems.Refusal as refusal:
            await self._refuse(refusal)
            raise StopConsumer from None
        except OperationalError:
            await self._refuse(problems.Unavailable.database())
            raise StopConsumer from None
        await self.send({"type": "websocket.accept"})
        try:
            self._subscriber = await hub().join(
                key.environment,
                lambda feed: Subscriber(
                    feed, revision=self._since(), key_id=key.pk, send=self.send, sdk=sdk_of(dict(self.scope["headers"]))
                ),
            )
        except OperationalError:
            await self.send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            raise StopConsumer from None
        metrics.joined(self._subscriber.feed.place, since=self._since())
        self._sending = asyncio.create_task(self._subscriber.run())

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Ignore it."""

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Forget the client."""
        if self._sending is not None:
            self._sending.cancel()
        if self._subscriber is not None:
            hub().leave(self._subscriber)
            metrics.left(self._subscriber.feed.place, code=message.get("code") or 0)
        raise StopConsumer

    def _key(self) -> ServerKey:
        headers = dict(self.scope["headers"])
        key = key_of_header(headers.get(b"authorization", b"").decode("latin-1"))
        if not isinstance(key, ServerKey):
            raise problems.NotAllowed("The stream wants a server key (`fs_srv_…`); the key sent is of the other kind.")
        return key

    def _since(self) -> int:
        """Return the revision that the client says it holds; what is no number means that it holds none."""
        (text,) = parse_qs(self.scope["query_string"].decode("latin-1")).get("since", ["0"])[:1]
        return number_of(text) or 0

    async def _refuse(self, refusal: problems.Refusal) -> None:
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.send({"type": "websocket.close"})
            return
        headers = [(b"content-type", problems.CONTENT_TYPE.encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
        body = orjson.dumps(problems.of_refusal(refusal))
        await self.send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "websocket.http.response.body", "body": body})
