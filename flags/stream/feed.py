"""One environment's subscribers in this process, and the updates that they share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.models import Environment
from flags.metrics import Place
from flags.snapshots import EnvironmentSnapshot, Update, holding
from flags.stream import metrics
from flags.stream.frames import DELTA, HEARTBEAT, SNAPSHOT, with_trace
from flagsite.lib import clock
from flagsite.lib.tracing import NOWHERE, Carrier

if TYPE_CHECKING:
    from flags.stream.lines import Encode
    from flags.stream.snapshot_queue import SnapshotQueue
    from flags.stream.subscriber import Subscriber

_MOST_PARCELS = 64
"""Encoded updates that are kept, for so many different revisions to start from."""


@dataclass(slots=True)
class Parcel:
    """An update as one kind of line takes it, and to how many clients it was given since that was last counted."""

    message: Any
    revision: int
    kind: str
    copies: int = 0


class Feed:
    """Encodes each update once and gives the same bytes to every subscriber.

    Lives on the event loop; only `catch_up` and `compose` run on another thread: the one reads the database, the other
    compresses.
    """

    def __init__(self, environment: Environment, *, snapshots: SnapshotQueue) -> None:
        self.environment_id = environment.pk
        self.place = Place.of(environment)
        self.snapshots = snapshots
        self.head = environment.revision
        """How far the environment has come, as far as is known here."""
        self.subscribers: set[Subscriber] = set()
        self.catching_up = asyncio.Lock()
        self.revision = 0
        self._snapshot: EnvironmentSnapshot = holding(environment.pk)
        self._whole: Update | None = None
        self._parcels: dict[tuple[int, Encode], Parcel] = {}
        self._wholes: dict[Encode, Parcel] = {}
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
        self.count()
        self.revision = self._snapshot.revision
        self._trace = trace
        self._parcels.clear()
        for subscriber in self.subscribers:
            subscriber.bring_up_to_date()
        self.count()
        return True

    def parcel(self, since: int, encode: Encode) -> Parcel | None:
        """Return what a subscriber at `since` lacks, encoded once for all that lack the same; None for the snapshot."""
        parcel = self._parcels.get((since, encode))
        if parcel is None:
            update = self._snapshot.delta_since(since)
            if update is None:
                return None
            if update.is_news and self._trace and update.revision == self.revision:
                update = with_trace(update, self._trace)
            kind = DELTA if update.is_news else HEARTBEAT
            if len(self._parcels) >= _MOST_PARCELS:
                self.count()
                self._parcels.clear()
            parcel = self._parcels[since, encode] = Parcel(encode(update), update.revision, kind)
        return parcel

    def compose(self) -> Update:
        """Return the snapshot as it is now; compresses, so not on the event loop."""
        return self._snapshot.whole()

    def has_composed(self, whole: Update) -> None:
        """Let those who want a snapshot have this one."""
        if self._whole is not whole:
            self.count()
            self._whole = whole
            self._wholes.clear()

    def whole(self, encode: Encode, *, at_least: int) -> Parcel | None:
        """Return the snapshot that was composed last; None when it is older than somebody may be given.

        It may be older than the present revision as long as a delta leads from there to here.
        """
        whole = self._whole
        if whole is None or whole.revision < min(at_least, self.revision):
            return None
        if whole.revision != self.revision and self._snapshot.delta_since(whole.revision) is None:
            return None
        parcel = self._wholes.get(encode)
        if parcel is None:
            parcel = self._wholes[encode] = Parcel(encode(whole), whole.revision, SNAPSHOT)
        return parcel

    def count(self) -> None:
        """Tell the metrics how many messages were sent: all of them at once, for counting costs as much as sending."""
        for parcels in (self._parcels, self._wholes):
            for parcel in parcels.values():
                if parcel.copies:
                    metrics.sent(parcel.kind, number=parcel.copies)
                    parcel.copies = 0

    def measure(self) -> None:
        """Say in the metrics how far this is."""
        self.count()
        made_at = self._snapshot.made_at
        age = (clock.now() - made_at).total_seconds() if made_at else 0.0
        behind = max(0, self.head - self.revision)
        metrics.stands(self.place, revision=self.revision, age=max(0.0, age), behind=behind)
