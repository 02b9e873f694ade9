"""The difference between two documents of a flag or segment, as sentences that a product manager understands.

Pure: documents in the wire's shape go in (None: there was or is nothing), an ordered and bounded list of changes comes
out. Equal documents, and only they, have none. Who changed them, when and why is not known here.
"""

from collections.abc import Callable

from flags.differences.about import about_changes
from flags.differences.change import Change, Changes, Document, Kind
from flags.differences.flags import flag_created, flag_parts
from flags.differences.segments import segment_created, segment_parts
from flagsite.lib.canonical import same

__all__ = ["Change", "Kind", "about_changes", "flag_changes", "segment_changes"]


def flag_changes(before: Document | None, after: Document | None) -> Changes:
    """Return what changed between two documents of a flag."""
    return _changes(before, after, flag_parts, flag_created)


def segment_changes(before: Document | None, after: Document | None) -> Changes:
    """Return what changed between two documents of a segment."""
    return _changes(before, after, segment_parts, segment_created)


def _changes(
    before: Document | None,
    after: Document | None,
    parts: Callable[[Document, Document], Changes],
    created: Callable[[Document], str],
) -> Changes:
    if same(before, after):
        return []
    try:
        if after is None:
            return [Change(Kind.DELETED, "", "Deleted.")]
        if before is None:
            return [Change(Kind.CREATED, "", f"Created: {created(after)}.")]
        return parts(before, after)
    except (AttributeError, KeyError, TypeError, ValueError):  # written by an older Flagsite, or past the services
        return [Change(Kind.CHANGED, "", "Changed in a way that has no words: one of the documents is malformed.")]
