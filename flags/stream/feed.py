"""One environment's subscribers in this process, and the updates that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from accounts.models import Environment
from flags.metrics import Place
from flags.snapshots import EnvironmentSnapshot, Update, holding
from flags.stream import metrics
from flagsite.lib import clock
from flagsite.lib.tracing import NOWHERE, Carrier

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
        self._trace: Carrier = NOWHERE

    def catch_up(self, head: int) -> None:
        """Read what is missing up to `head`; blocks on the database."""
        self._snapshot.catch_up(head)

    def show(self, trace: Carrier = NOWHERE) -> bool:
        """Let the subscribers have what `catch_up` has read; False when that is nothing new.

        `trace` is where in a trace this happens: it travels with the deltas that lead here.
        """
        if self._snapshot.revision == self.revision:
            return False
        self.revision = self._snapshot.revision
        self._trace = trace
        self._updates.clear()
        for subscriber in self.subscribers:
            subscriber.wake()
        return True

    def since(self, revision: int) -> Update:
        """Return what a subscriber at `revision` lacks, encoded once for all that lack the same."""
        update = self._updates.get(revision)
        if update is None or update.revision < self.revision:
            update = self._snapshot.since(revision)
            if self._trace and update.revision == self.revision > revision:
                update = _traced(update, self._trace)
            self._updates[revision] = update
        return update

    def measure(self) -> None:
        """Say in the metrics how far this is."""
        made_at = self._snapshot.made_at
        age = (clock.now() - made_at).total_seconds() if made_at else 0.0
        behind = max(0, self.head - self.revision)
        metrics.stands(self.place, revision=self.revision, age=max(0.0, age), behind=behind)


def _traced(update: Update, trace: Carrier) -> Update:
    """Return a delta with a member `trace` at its end; snapshots are compressed for everybody and stay as they are."""
    if update.compressed is not None:
        return update
    return Update(update.revision, update.body[:-1] + b',"trace":' + orjson.dumps(trace) + b"}")
