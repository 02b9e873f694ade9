"""Which SDK a connection belongs to: what its handshake says of itself. An SDK need not say."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from channels.db import database_sync_to_async

from flags.services import note_instances
from flags.stream.subscriber import Subscriber
from flags.usage.introductions import sdk_named
from flags.usage.reports import Sdk
from flagsite.lib import clock

INSTANCE: Final = b"flagsite-instance"
"""The header with the id that the SDK reports under; its name and version are those of `User-Agent`."""


def sdk_of(headers: Mapping[bytes, bytes]) -> Sdk | None:
    """Return who connects; None for who does not say, or says what no row can hold."""
    agent, instance = (headers.get(name, b"").decode("latin-1") for name in (b"user-agent", INSTANCE))
    return sdk_named(user_agent=agent, instance=instance)


async def note_connected(subscribers: Iterable[Subscriber]) -> None:
    """Write down who is connected, and which revision each was sent."""
    seen = {
        (each.feed.environment_id, each.sdk.instance): msgspec.structs.replace(each.sdk, revision=each.revision)
        for each in subscribers
        if each.sdk is not None
    }
    if seen:
        await database_sync_to_async(note_instances, thread_sensitive=False)(seen, at=clock.now())
