"""What happened to flags and segments: each item of a revision with its document before and after, and what changed.

Reads in a constant number of queries a page, and each revision's delta once, however many items of it are asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from flags.differences import Change, flag_changes, segment_changes
from flags.models import Revision, RevisionItem
from flagsite.lib.canonical import canonical

Document = dict[str, Any] | None


@dataclass(frozen=True)
class Entry:
    """One flag or segment in one revision; a document is None where there was, or is, nothing."""

    item: RevisionItem
    before: Document
    after: Document
    changes: list[Change]

    @property
    def sentences(self) -> list[str]:
        """Return what changed, a sentence for each change."""
        return [change.sentence for change in self.changes]


def entries_of(items: Iterable[Any]) -> list[Entry]:
    """Return the items, fetched by `flags.querysets.with_predecessors`, with what changed in each; in one query."""
    rows = list(items)
    wanted = {(pk, row.kind, row.key) for row in rows for pk in (row.revision_id, row.previous_id) if pk is not None}
    rest = ("change_request__edits", "change_request__told")
    revisions = Revision.objects.select_related("change_request").defer(*rest).in_bulk({pk for pk, _, _ in wanted})
    documents = _documents(wanted, revisions)
    told: dict[tuple[str, int, int], list[Change]] = {}  # one change of a segment is one in every environment
    found = []
    for row in rows:
        row.revision = revisions[row.revision_id]
        before = documents.get((row.previous_id, row.kind, row.key))
        after = documents[row.revision_id, row.kind, row.key]
        pair = (row.kind, id(before), id(after))
        if pair not in told:
            told[pair] = _told(row.kind, before, after)
        found.append(Entry(row, before, after, told[pair]))
    return found


def folded(entries: Iterable[Entry]) -> list[Entry]:
    """Return one entry for each flag and segment of an environment: from before the first to after the last.

    Args:
        entries: in the order in which they happened.
    """
    found: dict[tuple[int, str, str], Entry] = {}
    for entry in entries:
        item = entry.item
        first = found.get((item.environment_id, item.kind, item.key), entry)
        whole = first is entry
        changes = entry.changes if whole else _told(item.kind, first.before, entry.after)
        found[item.environment_id, item.kind, item.key] = Entry(item, first.before, entry.after, changes)
    return [entry for entry in found.values() if entry.changes]


def _told(kind: str, before: Document, after: Document) -> list[Change]:
    return (flag_changes if kind == RevisionItem.Kind.FLAG else segment_changes)(before, after)


def _documents(
    wanted: set[tuple[int, str, str]], revisions: Mapping[int, Revision]
) -> dict[tuple[int | None, str, str], Document]:
    """Return the documents by revision, kind and key; those that are the same are one object, and held once."""
    found: dict[tuple[int | None, str, str], Document] = {}
    held: dict[bytes, Document] = {}
    by_revision: dict[int, list[tuple[str, str]]] = {}
    for pk, kind, key in wanted:
        by_revision.setdefault(pk, []).append((kind, key))
    for pk, names in by_revision.items():
        delta = orjson.loads(revisions[pk].delta)
        for kind, key in names:
            document = delta[f"{kind}s"][key]
            found[pk, kind, key] = held.setdefault(canonical(document), document)
    return found
