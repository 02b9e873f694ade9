"""Bringing an earlier state of a flag or segment forward: what it would change, and the edit that does it.

Nothing is written here. Of a flag everything comes back but its variations, which other environments share; a segment
is the same everywhere, and comes back everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flags.differences import Change, flag_changes, segment_changes
from flags.documents import state_document
from flags.editing.edits import Edit, FlagEdit, SegmentEdit
from flags.errors import FlagNotFound, RevisionNotFound
from flags.models import Flag, RevisionItem
from flags.querysets import state_named
from flags.services.fields import PER_ENVIRONMENT
from flagsite.lib.canonical import same
from segments.errors import SegmentNotFound
from segments.models import Segment
from segments.querysets import segment_named

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Present:
    """A flag or segment as it is now."""

    row: Flag | Segment
    document: Document
    version: int

    def changes_back_to(self, then: Document) -> list[Change]:
        """Return what restoring an earlier document changes."""
        if isinstance(self.row, Flag):
            back = {name: then[name] for name in PER_ENVIRONMENT if name in then}
            return flag_changes(self.document, {**self.document, **back})
        return segment_changes(self.document, then)

    def keeps_other_variations(self, then: Document) -> bool:
        """Tell whether variations were others then, which stay as they are."""
        return not same(self.document.get("variations"), then.get("variations"))


def present_of(item: RevisionItem) -> Present | None:
    """Return what an item of a revision is about as it is now; None when it is gone."""
    environment = item.environment
    try:
        if item.kind == RevisionItem.Kind.FLAG:
            state = state_named(item.key, environment=environment)
            return Present(state.flag, state_document(state), state.version)
        segment = segment_named(item.key, project=environment.project)
    except (FlagNotFound, SegmentNotFound):
        return None
    return Present(segment, segment.document(), segment.version)


def edit_that_restores(item: RevisionItem, *, version: int | None) -> Edit:
    """Return the edit that brings the state of an item of a revision back.

    Args:
        item: what is brought back.
        version: the version that was seen of what is there now; None when it was not said, which no version is.

    Raises:
        RevisionNotFound: when the flag or segment did not exist at the revision.
    """
    then = item.document()
    if then is None:
        raise RevisionNotFound(f"The {item.kind} `{item.key}` did not exist at revision {item.number}.")
    if item.kind == RevisionItem.Kind.FLAG:
        where = item.environment.key
        back: dict[str, Any] = {name: then[name] for name in PER_ENVIRONMENT if name in then}
        return FlagEdit(item.key, states={where: back}, versions={where: version or 0}, restores={where: item.number})
    fields = {"condition": then.get("if"), "included": then.get("included", []), "excluded": then.get("excluded", [])}
    return SegmentEdit(item.key, fields, version or 0, restores=item.number)
