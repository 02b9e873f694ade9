"""One environment's subscribers in this process, and the updates that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flags.snapshots import EnvironmentSnapshot, Update, holding

if TYPE_CHECKING:
    from flags.stream.subscriber import Subscriber


class Feed:
    """Encodes each update once and gives the same bytes to every subscriber.

    Lives on the event loop; only `catch_up` runs on another thread, because it reads the database.
    """

    def __init__(self, environment_id: int) -> None:
        self.environment_id = environment_id
        self.subscribers: set[Subscriber] = set()
        self.revision = 0
        self._snapshot: EnvironmentSnapshot = holding(environment_id)
        self._updates: dict[int, Update] = {}

    def catch_up(self, head: int) -> None:
        """Read what is missing up to `head`; blocks on the database."""
        self._snapshot.catch_up(head)

    def show(self) -> bool:
        """Let the subscribers have what `catch_up` has read; False when that is nothing new."""
        if self._snapshot.revision == self.revision:
            return False
        self.revision = self._snapshot.revision
        self._updates.clear()
        for subscriber in self.subscribers:
            subscriber.wake()
        return True

    def since(self, revision: int) -> Update:
        """Return what a subscriber at `revision` lacks, encoded once for all that lack the same."""
        update = self._updates.get(revision)
        if update is None or update.revision < self.revision:
            update = self._updates[revision] = self._snapshot.since(revision)
        return update
