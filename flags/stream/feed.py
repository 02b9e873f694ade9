"""One environment's subscribers in this process, and the updates that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import Environment
from flags.metrics import Place
from flags.snapshots import EnvironmentSnapshot, Update, holding
from flags.stream import metrics
from flagsite.lib import clock

if TYPE_CHECKING:
    from flags.stream.subscriber import Subscriber


class Feed:
    """Encodes each update once and gives the same bytes to every subscriber.

    Lives on the event loop; only `catch_up` runs on another thread, because it reads the database.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment_id = environment.pk
        self.place = Place.of(environment)
        self.head = environment.revision
        """How far the environment has come, as far as is known here."""
        self.subscribers: set[Subscriber] = set()
        self.revision = 0
        self._snapshot: EnvironmentSnapshot = holding(environment.pk)
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

    def measure(self) -> None:
        """Say in the metrics how far this is."""
        made_at = self._snapshot.made_at
        age = (clock.now() - made_at).total_seconds() if made_at else 0.0
        behind = max(0, self.head - self.revision)
        metrics.stands(self.place, revision=self.revision, age=max(0.0, age), behind=behind)
