"""What a change request asks for: edits of flags and segments, as frozen values and as the JSON that is kept. Pure.

An edit names the versions that it was made on. Whether it may be done, and what it then changes, is found out by the
services that do it (flags/services/change_requests).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Final

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class FlagEdit:
    """Change what environments share of a flag, and what some of them have of their own.

    `versions` are, by key of the environment, those of the states that the edit touches; all of them, when it changes
    what is shared. `was` is what was shared before, for a merge. `restores` are, by key of the environment, the
    revisions whose states it brings back as they were.
    """

    kind: ClassVar[str] = "flag"
    key: str
    shared: Fields = field(default_factory=dict)
    states: Mapping[str, Fields] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    was: Fields = field(default_factory=dict)
    restores: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FlagDeletion:
    """Delete a flag from all environments."""

    kind: ClassVar[str] = "flag-deletion"
    key: str
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FlagRecreation:
    """Bring a deleted flag back: what environments shared of it, and by key of the environment what each had.

    In an environment that is not among them it starts disabled.
    """

    kind: ClassVar[str] = "flag-recreation"
    key: str
    type: str
    shared: Fields = field(default_factory=dict)
    states: Mapping[str, Fields] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentEdit:
    """Change a segment: `name`, `description`, `condition`, `included`, `excluded`. `was` is as a flag edit's.

    `restores` is the revision that it brings back as it was; 0: none.
    """

    kind: ClassVar[str] = "segment"
    key: str
    fields: Fields = field(default_factory=dict)
    version: int = 0
    was: Fields = field(default_factory=dict)
    restores: int = 0


@dataclass(frozen=True)
class SegmentDeletion:
    """Delete a segment that nothing names."""

    kind: ClassVar[str] = "segment-deletion"
    key: str
    version: int = 0


Edit = FlagEdit | FlagDeletion | FlagRecreation | SegmentEdit | SegmentDeletion
KINDS: Final[Mapping[str, type[Edit]]] = {
    edit.kind: edit for edit in (FlagEdit, FlagDeletion, FlagRecreation, SegmentEdit, SegmentDeletion)
}


def edits_as_json(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """Return the edits as they are kept."""
    return [{"kind": edit.kind, **asdict(edit)} for edit in edits]


def edits_from_json(kept: Sequence[Mapping[str, Any]]) -> list[Edit]:
    """Return the edits that were kept."""
    return [
        KINDS[document["kind"]](**{name: value for name, value in document.items() if name != "kind"})
        for document in kept
    ]


def concerns_of(edits: Sequence[Edit], *, environments: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return what the edits are about, each once: `flag` or `segment`, its key, and the key of the environment.

    Args:
        edits: what is asked for.
        environments: the keys of all of the project's; what they share changes in each of them.
    """
    found: dict[tuple[str, str, str], None] = {}
    for edit in edits:
        match edit:
            case FlagEdit(shared=shared) if not shared:
                places: Sequence[str] = list(edit.states)
            case _:
                places = environments
        kind, _, _ = edit.kind.partition("-")
        found |= dict.fromkeys((kind, edit.key, place) for place in places)
    return list(found)


def title_of(edits: Sequence[Edit]) -> str:
    """Return what the edits are about, in one line."""
    if len(edits) != 1:
        keys = ", ".join(edit.key for edit in edits[:3])
        return f"Change {len(edits)} flags and segments: {keys}{' …' if len(edits) > 3 else ''}"  # noqa: PLR2004 - as many as are named
    edit = edits[0]
    match edit:
        case FlagDeletion():
            return f"Delete the flag {edit.key}"
        case FlagRecreation():
            return f"Recreate the flag {edit.key}"
        case SegmentDeletion():
            return f"Delete the segment {edit.key}"
        case SegmentEdit():
            restored = f"Restore revision {edit.restores} of" if edit.restores else "Change"
            return f"{restored} the segment {edit.key}"
        case FlagEdit():
            only = not edit.shared and len(edit.restores) == 1 and edit.restores.keys() == edit.states.keys()
            restored = f"Restore revision {next(iter(edit.restores.values()))} of" if only else "Change"
            return f"{restored} {edit.key}{' in ' + ', '.join(edit.states) if edit.states else ''}"
