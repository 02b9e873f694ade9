"""Reads of accounts' tables."""

from accounts.querysets.keys import (
    key_in_force,
    server_key_of,
    server_keys_in_force,
    server_keys_of,
)
from accounts.querysets.people import (
    Held,
    invitation_numbered,
    invitations_into,
    open_invitations_to,
    people_in,
    people_of,
    people_seen_from,
    people_who_see,
    people_with_roles,
    person_named,
    person_with_role,
    roles_held,
    with_roles,
)
from accounts.querysets.places import (
    environment_named,
    environment_seen,
    first_environment,
    lock_environments,
    lock_project,
    project_named,
    projects_of,
)

__all__ = [
    "Held",
    "environment_named",
    "environment_seen",
    "first_environment",
    "invitation_numbered",
    "invitations_into",
    "key_in_force",
    "lock_environments",
    "lock_project",
    "open_invitations_to",
    "people_in",
    "people_of",
    "people_seen_from",
    "people_who_see",
    "people_with_roles",
    "person_named",
    "person_with_role",
    "project_named",
    "projects_of",
    "roles_held",
    "server_key_of",
    "server_keys_in_force",
    "server_keys_of",
    "with_roles",
]
