"""One change, and how any field's change is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from flagsite.lib.canonical import canonical, same
from segments.wording import clipped, value_in_words

MOST: Final = 20
"""Changes that are told of one list (rules, variations, prerequisites); of more, how many there are."""
LONGEST_NAME: Final = 120

Document = Mapping[str, Any]


class Kind(StrEnum):
    """What kind of change it is."""

    CREATED = "created"
    DELETED = "deleted"
    TURNED_ON = "turned_on"
    TURNED_OFF = "turned_off"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    RESHUFFLED = "reshuffled"
    MORE = "more"


@dataclass(frozen=True)
class Change:
    """One change: its kind, the place in the document, and a sentence."""

    kind: Kind
    path: str
    sentence: str


Changes = list[Change]


def same_field(name: str, before: Document, after: Document) -> bool:
    """Tell whether a field is the same JSON in both, or in neither."""
    return (name in before) == (name in after) and same(before.get(name), after.get(name))


def bounded(field: str, found: Changes) -> Changes:
    """Return the first changes of a list, and how many more there are."""
    if len(found) <= MOST:
        return found
    return [*found[:MOST], Change(Kind.MORE, field, f"And {len(found) - MOST:,} more changes of {field}.")]


def from_to(path: str, what: str, old: str, new: str) -> Change:
    """Return that something is now otherwise."""
    if old == new:  # 50 and 50.0, or a difference behind what is named
        return Change(Kind.CHANGED, path, f"{what} {clipped(old)}: changed in details that are not written out here.")
    return Change(Kind.CHANGED, path, f"{what} {old} → {new}.")


def unknown(name: str, path: str = "", told: str = "") -> Callable[[Document, Document], Changes]:
    """Return how the change of a field is told that this version has no words for."""

    def change(before: Document, after: Document) -> Changes:
        old, new = (value_in_words(each[name]) if name in each else "nothing" for each in (before, after))
        return [from_to(path or name, f"{told}{name}", old, new)]

    return change


def quoted(name: Any) -> str:
    """Return a name in quotes."""
    return f'"{clipped(name, LONGEST_NAME)}"' if isinstance(name, str) else canonical(name).decode()
