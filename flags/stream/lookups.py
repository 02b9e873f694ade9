"""Which key is asking: one query for all who ask about the same key meanwhile.

Thousands of SDKs share a key and come back together. Whoever asks gets the answer of a query that began after they
asked, so sharing makes no answer older: a key that is revoked opens nothing from then on, and its environment's row
says how far the environment has come.
"""

import asyncio
from typing import Final

from channels.db import database_sync_to_async

from accounts.api.authentication import key_of_header
from accounts.models import ServerKey
from flagsite.lib import problems

PAUSE_SECONDS: Final = 0.05
"""Between two queries about the same key, so that a storm leaves the process time for other things."""


class KeyLookups:
    """Asks about keys for the process, on its event loop."""

    def __init__(self) -> None:
        self._next: dict[str, asyncio.Task[ServerKey]] = {}
        """The queries that have not begun."""
        self._begun: dict[str, asyncio.Task[ServerKey]] = {}

    async def key_of(self, header: str, *, address: str | None) -> ServerKey:
        """Return the server key that an Authorization header carries, with its environment as it is now.

        Raises:
            NotSignedIn: when it carries none that is in force.
            NotAllowed: when it carries a key of the other kind.
            TooManyRequests: when too many wrong keys came from the address of the one who asked first.
        """
        task = self._next.get(header)
        if task is None:
            task = self._next[header] = asyncio.create_task(self._ask(header, address))
        return await asyncio.shield(task)

    async def _ask(self, header: str, address: str | None) -> ServerKey:
        before = self._begun.get(header)
        if before is not None:
            await asyncio.wait((before,))
            await asyncio.sleep(PAUSE_SECONDS)
        task = self._begun[header] = self._next.pop(header)  # whoever comes from here on asks anew
        try:
            found: ServerKey = await database_sync_to_async(_key_of, thread_sensitive=False)(header, address)
            return found
        finally:
            if self._begun.get(header) is task:
                del self._begun[header]


def _key_of(header: str, address: str | None) -> ServerKey:
    key = key_of_header(header, address=address)
    if not isinstance(key, ServerKey):
        raise problems.NotAllowed("The stream wants a server key (`fs_srv_…`); the key sent is of the other kind.")
    return key
