"""One connected SDK: which revision it was sent, and over which line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flags.stream import metrics
from flags.usage.reports import Sdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from flags.stream.feed import Feed, Parcel
    from flags.stream.lines import Line


class Subscriber:
    """Brings one client to its feed's revision, again and again.

    However slow the client, what is held for it is one number: while its line is not free nothing is sent, and when it
    is again, everything that was missed, as one delta.
    """

    __slots__ = ("_heartbeat_due", "_on_left", "_wants_snapshot", "feed", "key_id", "line", "revision", "sdk")

    def __init__(
        self,
        feed: Feed,
        *,
        revision: int,
        key_id: str,
        line: Line,
        sdk: Sdk | None = None,
        on_left: Callable[[Subscriber], None] = lambda _: None,
    ) -> None:
        self.feed = feed
        self.revision = revision
        """What it says it holds, then what it was sent."""
        self.key_id = key_id
        self.line = line
        self.sdk = sdk
        self._on_left = on_left
        self._heartbeat_due = True  # the first message may say: you lack nothing
        self._wants_snapshot = False

    def bring_up_to_date(self) -> None:
        """Send what is missing, if the line is free and anything is; a snapshot it has to wait for."""
        if not self.line.is_free or self._wants_snapshot:
            return
        feed = self.feed
        if self.revision == feed.revision and not self._heartbeat_due:
            return
        parcel = feed.parcel(self.revision, self.line.encode)
        if parcel is None:
            self._wants_snapshot = True
            feed.snapshots.ask(self)
        else:
            self._send(parcel)

    def beat(self) -> None:
        """Send at least a heartbeat."""
        self._heartbeat_due = True
        self.bring_up_to_date()

    def take_snapshot(self, parcel: Parcel) -> None:
        """Send the snapshot that was asked for; what has changed since follows when the line is free."""
        self._wants_snapshot = False
        self._send(parcel)
        if self.line.is_free:
            feed = self.feed
            feed.snapshots.give_back(self)
            self.bring_up_to_date()

    def lose_place(self) -> None:
        """Ask again when the line is free."""
        self._wants_snapshot = False

    def _send(self, parcel: Parcel) -> None:
        self._heartbeat_due = False
        self.revision = parcel.revision
        parcel.copies += 1
        self.line.write(parcel.message)

    def line_is_free(self, waited: float) -> None:
        """Go on."""
        metrics.waited(self.feed.place, waited)
        self.feed.snapshots.give_back(self)
        self.bring_up_to_date()

    def line_is_gone(self, code: int) -> None:
        """Be forgotten."""
        metrics.left(self.feed.place, code=code)
        self.feed.snapshots.give_back(self)
        self._on_left(self)
