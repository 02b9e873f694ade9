"""Two JSON documents side by side, line by line, with what is the same folded away. Pure; nothing here is HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from flagsite.lib.text_fields import pretty

CONTEXT: Final = 3
"""Lines that are shown around a difference."""
MOST_LINES: Final = 3_000
"""Lines of a document that are compared; how long that takes grows faster than they do."""
LONG_LIST: Final = 50
"""Texts of a list that are written out; of a longer one, those in which the two differ, up to so many."""


@dataclass(frozen=True)
class Row:
    """A line on the left and one on the right; None where there is none. A row without both is a fold."""

    left: str | None
    right: str | None
    changed: bool = False
    fold: bool = False


def side_by_side(before: Any, after: Any) -> list[Row] | None:
    """Return the rows of a comparison; None when the documents are too long for one."""
    left, right = _lines(before, after), _lines(after, before)
    if max(len(left), len(right)) > MOST_LINES:
        return None
    found: list[Row] = []
    for group in SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(CONTEXT):
        if group[0][1] or group[0][3]:
            found.append(Row(None, None, fold=True))
        for tag, start, end, other_start, other_end in group:
            found += _rows(left[start:end], right[other_start:other_end], changed=tag != "equal")
    return found


def _rows(left: list[str], right: list[str], *, changed: bool) -> Iterator[Row]:
    for at in range(max(len(left), len(right))):
        yield Row(left[at] if at < len(left) else None, right[at] if at < len(right) else None, changed)


def _lines(document: Any, other: Any) -> list[str]:
    return [] if document is None else pretty(_sorted(_abridged(document, other))).split("\n")


def _abridged(document: Any, other: Any) -> Any:
    """Return the document with long lists of texts cut down to what the other document does not have."""
    if isinstance(document, dict):
        members = other if isinstance(other, dict) else {}
        return {name: _abridged(part, members.get(name)) for name, part in document.items()}
    if not isinstance(document, list):
        return document
    others = other if isinstance(other, list) else []
    if len(document) > LONG_LIST and all(isinstance(part, str) for part in document):
        known = {part for part in others if isinstance(part, str)}
        shown = [part for part in document if part not in known][:LONG_LIST]
        return [*shown, f"… and {len(document) - len(shown):,} more"]
    return [_abridged(part, others[at] if at < len(others) else None) for at, part in enumerate(document)]


def _sorted(document: Any) -> Any:
    """Return the document with the members of objects in order, so that their order makes no difference."""
    if isinstance(document, dict):
        return {name: _sorted(document[name]) for name in sorted(document)}
    return [_sorted(part) for part in document] if isinstance(document, list) else document
