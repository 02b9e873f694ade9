"""What an OpenID provider says of somebody, and which roles follow from it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from accounts.roles import Role

Mapped = Mapping[str, list[tuple[str, Role]]]
"""Grants by the value of a claim: keys of projects, and a role in each."""


@dataclass(frozen=True)
class Claims:
    """Who somebody is, in the words of their provider; `email` only when the provider has verified it."""

    email: str
    verified: bool
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    values: tuple[str, ...] = ()
    """What the claim holds from which roles follow."""


def read_claims(said: Mapping[str, Any], *, roles_claim: str) -> Claims:
    """Read what the provider said; whatever is no text counts as not said."""
    values = said.get(roles_claim)
    listed = values if isinstance(values, list) else [values]
    return Claims(
        email=_text(said, "email"),
        verified=said.get("email_verified") in (True, "true"),  # some providers write it as a text
        name=_text(said, "preferred_username"),
        first_name=_text(said, "given_name"),
        last_name=_text(said, "family_name"),
        values=tuple(value for value in listed if isinstance(value, str)),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value.strip() if isinstance(value, str) and "\0" not in value else ""


def roles_of_values(entries: Iterable[str]) -> Mapped:
    """Read entries such as `staff=shop:viewer`: the value of a claim, a project's key, a role there.

    Raises:
        ImproperlyConfigured: when one of them reads otherwise.
    """
    found: dict[str, list[tuple[str, Role]]] = {}
    for entry in entries:
        value, _, grant = entry.rpartition("=")
        project, _, role = grant.partition(":")
        if not value or not project or role not in set(Role):
            raise ImproperlyConfigured(f"OIDC_ROLES must list value=project:role, not {entry!r}")
        found.setdefault(value.strip(), []).append((project.strip(), Role(role)))
    return found


def roles_for(claims: Claims, mapping: Mapped) -> dict[str, Role]:
    """Return the strongest role for each project's key that the person's values give."""
    order = list(Role)
    found: dict[str, Role] = {}
    for value in claims.values:
        for project, role in mapping.get(value, []):
            found[project] = max(found.get(project, role), role, key=order.index)
    return found
