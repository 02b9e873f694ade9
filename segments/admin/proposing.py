"""The road by which a saved page of a segment becomes a change request.

Change requests belong to the flags app, which stands above this one; it hands its road in when its pages are imported
(`flags.admin.reviews.proposing`).
"""

from typing import Final, Protocol

from accounts.actors import Actor
from segments.models import Segment
from segments.services import SegmentFields


class Propose(Protocol):
    """Propose other fields of a segment, or its deletion; return the address of the review, None if nothing changes."""

    def __call__(
        self, segment: Segment, *, fields: SegmentFields | None, version: int, by: Actor, comment: str
    ) -> str | None:
        """Keep the proposal in the caller's transaction; `fields` are None for a deletion."""


_road: Final[list[Propose]] = []


def propose_through(road: Propose) -> None:
    """Set the road that every saved page of a segment takes."""
    _road[:] = [road]


def propose_edit(segment: Segment, *, fields: SegmentFields, version: int, by: Actor, comment: str = "") -> str | None:
    """Propose other fields of a segment, and return the address of the review; None when nothing would change."""
    (road,) = _road
    return road(segment, fields=fields, version=version, by=by, comment=comment)


def propose_deletion(segment: Segment, *, by: Actor) -> str | None:
    """Propose to delete a segment, and return the address of the review."""
    (road,) = _road
    return road(segment, fields=None, version=segment.version, by=by, comment="")
