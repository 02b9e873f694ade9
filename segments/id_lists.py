"""Lists of ids, which may be long: what an upload makes of one, what is found in one, how much of one the log keeps.

Pure: lists in, frozen dataclasses out. It knows neither files nor tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

LISTS: Final = ("included", "excluded")

MAX_AUDITED_IDS: Final = 100
"""Ids of a list that an entry of the audit log holds; of a longer one it has the count and the first that came or went.

The whole lists are in the environments' revisions, once for each change.
"""


class Mode(StrEnum):
    """What an upload does to the list."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True)
class ListChange:
    """What a list would become; who stays keeps their place, who is new comes last."""

    result: list[str]
    added: list[str]
    removed: list[str]
    untouched: int
    """Uploaded ids that change nothing: those that are there already or, when removing, are not there."""


def change_of(listed: Sequence[str], uploaded: Sequence[str], mode: Mode) -> ListChange:
    """Return what the list becomes; no id is twice in either."""
    there, named = set(listed), set(uploaded)
    if mode is Mode.REMOVE:
        result = [one for one in listed if one not in named]
        gone = [one for one in listed if one in named]
        return ListChange(result, [], gone, untouched=len(named) - len(gone))
    kept = [one for one in listed if one in named] if mode is Mode.REPLACE else list(listed)
    gone = [one for one in listed if one not in named] if mode is Mode.REPLACE else []
    new = [one for one in uploaded if one not in there]
    return ListChange(kept + new, new, gone, untouched=len(named) - len(new))


def audited(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a segment's fields before and after as the audit log keeps them: long lists as counts and what changed."""
    before, after = dict(old), dict(new)
    for name in LISTS:
        was, now = before.get(name) or [], after.get(name) or []
        if was != now and max(len(was), len(now)) > MAX_AUDITED_IDS:
            change = change_of(was, now, Mode.REPLACE)
            if was:
                before[name] = _short(was, "removed", change.removed)
            if now:
                after[name] = _short(now, "added", change.added)
    return before, after


def _short(ids: Sequence[str], verb: str, changed: Sequence[str]) -> dict[str, Any]:
    return {"ids": len(ids), verb: len(changed), f"first_{verb}": list(changed[:MAX_AUDITED_IDS])}


@dataclass(frozen=True)
class Found:
    """The ids that a search has found, the first of them by name."""

    total: int
    first: list[str]


def search(ids: Sequence[str], text: str, *, prefix: bool, most: int) -> Found:
    """Return how many ids begin with (`prefix`) or hold the text, and the first `most` of them in their order."""
    hits = [one for one in ids if one.startswith(text)] if prefix else [one for one in ids if text in one]
    return Found(len(hits), hits[:most])
