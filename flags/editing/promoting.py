"""What an environment's state of a flag would take from another environment's, part by part. Pure.

The salt is a part of its own, which nobody gets without asking for it: it decides who falls where.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flags.differences import flag_changes
from flagsite.lib.canonical import same

Document = Mapping[str, Any]

SALT: Final = "salt"
PARTS: Final[Mapping[str, str]] = {
    "enabled": "On or off",
    "prerequisites": "Prerequisites",
    "targets": "Individual targets",
    "rules": "Rules",
    "fallthrough": "Default rule",
    "rollout_percentage": "Rollout",
    "off_variation": "Off variation",
    SALT: "Salt",
}
"""The fields of a state that can be copied, in the order in which a flag decides, with what people call them."""


@dataclass(frozen=True)
class Part:
    """One part that differs, and in sentences what copying it would change."""

    name: str
    title: str
    sentences: tuple[str, ...]

    @property
    def is_salt(self) -> bool:
        """Tell whether copying it moves everybody to other buckets."""
        return self.name == SALT


def parts_between(target: Document, source: Document) -> list[Part]:
    """Return the parts in which the target's state differs from the source's, of the same flag."""
    if same({name: target[name] for name in PARTS}, {name: source[name] for name in PARTS}):
        return []
    return [
        Part(name, title, _told(target, {**target, name: source[name]}))
        for name, title in PARTS.items()
        if not same(target[name], source[name])
    ]


def taken(source: Document, names: Collection[str]) -> dict[str, Any]:
    """Return the fields that the target takes from the source."""
    return {name: source[name] for name in PARTS if name in names}


def _told(before: Document, after: Document) -> tuple[str, ...]:
    return tuple(change.sentence for change in flag_changes(before, after))
