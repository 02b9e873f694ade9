"""Telling the environments that a segment changed.

Revisions belong to the flags app, which stands above this one; it hands its road in when it starts
(`flags.apps`). So a segment's services publish without knowing who listens.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from accounts.actors import Actor
from accounts.models import Environment


class Publish(Protocol):
    """Append a revision to each (locked) environment: these segments are now so; None means gone."""

    def __call__(
        self,
        *,
        environments: Sequence[Environment],
        segments: Mapping[str, dict[str, Any] | None],
        by: Actor,
        comment: str,
    ) -> None:
        """Append the revisions in the caller's transaction."""


_road: list[Publish] = []


def publish_through(road: Publish) -> None:
    """Set the road that every change of a segment takes."""
    _road[:] = [road]


def publish_segments(
    *,
    environments: Sequence[Environment],
    segments: Mapping[str, dict[str, Any] | None],
    by: Actor,
    comment: str,
) -> None:
    """Publish the segments' new documents in the transaction that changed them."""
    (road,) = _road
    road(environments=environments, segments=segments, by=by, comment=comment)
