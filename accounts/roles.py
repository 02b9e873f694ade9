"""What a role may do: the one table that admin, API and services read. Pure."""

from enum import StrEnum
from typing import Final


class Ability(StrEnum):
    """Something a person may do in a project; each is one object permission on the project."""

    VIEW = "view_project"
    EDIT = "edit_flags"
    MANAGE = "change_project"


class Role(StrEnum):
    """A named set of abilities in one project."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


ABILITIES: Final[dict[Role, frozenset[Ability]]] = {
    Role.VIEWER: frozenset({Ability.VIEW}),
    Role.EDITOR: frozenset({Ability.VIEW, Ability.EDIT}),
    Role.ADMIN: frozenset({Ability.VIEW, Ability.EDIT, Ability.MANAGE}),
}

IN_WORDS: Final[dict[Ability, str]] = {
    Ability.VIEW: "see the project, its flags and its history",
    Ability.EDIT: "create, change and delete flags, segments and rollouts",
    Ability.MANAGE: "manage people, environments, keys and notices",
}


def what_may(role: Role) -> str:
    """Return what the role may do, in words."""
    return "; ".join(IN_WORDS[ability] for ability in Ability if ability in ABILITIES[role])


def in_words() -> list[tuple[Role, str]]:
    """Return each role with what it may do that the one before may not."""
    return [(role, IN_WORDS[ability]) for role, ability in zip(Role, Ability, strict=True)]


def role_with(abilities: frozenset[Ability]) -> Role | None:
    """Return the strongest role whose abilities are all among `abilities`, or None."""
    for role in (Role.ADMIN, Role.EDITOR, Role.VIEWER):
        if ABILITIES[role] <= abilities:
            return role
    return None
