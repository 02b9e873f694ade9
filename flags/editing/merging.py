"""Bringing two changes of the same thing together: what it was, what I want, what somebody else made of it. Pure.

Parts that only one of the two changed come together by themselves: a field, a rule, a targeted id, a listed id, a
prerequisite, a variation. Where both changed the same part in different ways, a person has to choose.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flagsite.lib.canonical import same

Document = Mapping[str, Any]
Parts = dict[str, Any]
ABSENT: Final = None
"""A part that is not there; no part that is there is None, but a segment's condition, where it says the same."""
MINE: Final = "mine"
THEIRS: Final = "theirs"

KEYED: Final[Mapping[str, str]] = {"rules": "id", "variations": "key", "prerequisites": "flag"}
"""Lists with an order, and the field by which their entries are known."""
SETS: Final = frozenset({"included", "excluded", "tags"})


@dataclass(frozen=True)
class Clash:
    """A part that both changed, in different ways; None where it is not there."""

    path: str
    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class Merged:
    """The document with both changes; in the clashes, what was chosen, or mine as long as nothing was."""

    document: Document
    clashes: Sequence[Clash]
    unsettled: Sequence[Clash]
    behind: Sequence[tuple[Document, Document]] = ()
    """Rules that I put where somebody else had put one, each with theirs, which comes first: it is in force."""


def merged(base: Document, mine: Document, theirs: Document, choices: Mapping[str, str] | None = None) -> Merged:
    """Return the document with both changes.

    Args:
        base: what both were made on.
        mine: what I want.
        theirs: what is there now.
        choices: by path of a clash, `mine` or `theirs`.
    """
    chosen = choices or {}
    found: Parts = {}
    clashes: list[Clash] = []
    before, one, other = parts_of(base), parts_of(mine), parts_of(theirs)
    for path in dict.fromkeys([*before, *other, *one]):
        was, wanted, now = before.get(path), one.get(path), other.get(path)
        if same(wanted, now) or same(wanted, was):
            found[path] = now
        elif same(now, was):
            found[path] = wanted
        else:
            clashes.append(Clash(path, was, wanted, now))
            found[path] = now if chosen.get(path) == THEIRS else wanted
    unsettled = [clash for clash in clashes if chosen.get(clash.path) not in {MINE, THEIRS}]
    document = _document_of(found, base, mine, theirs)
    return Merged(document, clashes, unsettled, list(_behind(document, base, mine, theirs)))


def parts_of(document: Document) -> Parts:
    """Return the document cut into the parts that are merged one by one, by path."""
    found: Parts = {}
    for name, value in document.items():
        if name in KEYED:
            found |= {f"{name}[{entry[KEYED[name]]}]": entry for entry in value}
        elif name in SETS:
            found |= {f"{name}[{entry}]": entry for entry in value}
        elif name == "targets":
            found |= {f"targets[{one}]": target["variation"] for target in value for one in target["ids"]}
        else:
            found[name] = value
    return found


def _document_of(parts: Parts, base: Document, mine: Document, theirs: Document) -> Document:
    found: dict[str, Any] = {}
    for name in dict.fromkeys([*theirs, *mine]):
        own = {path: value for path, value in parts.items() if path.startswith(f"{name}[") and value is not ABSENT}
        if name in KEYED:
            by = KEYED[name]
            order = _order(*([entry[by] for entry in each.get(name, ())] for each in (base, mine, theirs)))
            entries = {entry[by]: entry for entry in own.values()}
            found[name] = [entries[key] for key in order if key in entries]
        elif name in SETS or name == "targets":
            unchanged = own == parts_of({name: theirs.get(name, [])})
            found[name] = theirs.get(name, []) if unchanged else _targets(own) if name == "targets" else [*own.values()]
        else:
            found[name] = parts[name]
    return found


def _order(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return all keys in the order of whoever changed it (mine, when both did), with the other's new ones in place.

    Where both put new ones at the same place, theirs come first: they are in force, and an order that decides is not
    changed for people whom nobody spoke of.
    """
    kept = set(base) & set(mine) & set(theirs)
    i_moved = [key for key in base if key in kept] != [key for key in mine if key in kept]
    leading, other = (mine, theirs) if i_moved else (theirs, mine)
    theirs_alone = set(theirs) - {*base, *mine}
    order = list(leading)
    for at, key in enumerate(other):
        if key not in order:
            before = next((one for one in reversed(other[:at]) if one in order), None)
            place = 0 if before is None else order.index(before) + 1
            while key not in theirs_alone and place < len(order) and order[place] in theirs_alone:
                place += 1
            order.insert(place, key)
    return order


def _behind(
    document: Document, base: Document, mine: Document, theirs: Document
) -> Iterator[tuple[Document, Document]]:
    """Find my new rules that stand behind new ones of somebody else, with nothing of both in between."""
    before, own, others = ({rule["id"] for rule in side.get("rules", ())} for side in (base, mine, theirs))
    last: Document | None = None
    for rule in document.get("rules", ()):
        if rule["id"] in others - own - before:
            last = rule
        elif rule["id"] in before | others:
            last = None
        elif last is not None:
            yield rule, last


def _targets(parts: Parts) -> list[dict[str, Any]]:
    ids: dict[str, list[str]] = {}
    for path, variation in parts.items():
        ids.setdefault(variation, []).append(path.removeprefix("targets[").removesuffix("]"))
    return [{"variation": variation, "ids": listed} for variation, listed in ids.items()]
