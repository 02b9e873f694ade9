"""The only writers of people, projects, environments, roles, keys and invitations."""

from accounts.services.arrivals import let_in
from accounts.services.invitations import (
    accept_as,
    accept_as_new_person,
    invitation_of,
    invite,
    renew_invitation,
    withdraw_invitation,
)
from accounts.services.keys import issue_api_token, issue_server_key, revoke_key, rotate_server_key
from accounts.services.people import UserFields, create_user, set_password, update_user
from accounts.services.projects import create_environment, create_project, update_environment, update_project
from accounts.services.roles import grant_role, withdraw_role
from accounts.services.second_factors import record_second_factor, remove_second_factor, reseal_second_factors

__all__ = [
    "UserFields",
    "accept_as",
    "accept_as_new_person",
    "create_environment",
    "create_project",
    "create_user",
    "grant_role",
    "invitation_of",
    "invite",
    "issue_api_token",
    "issue_server_key",
    "let_in",
    "record_second_factor",
    "remove_second_factor",
    "renew_invitation",
    "reseal_second_factors",
    "revoke_key",
    "rotate_server_key",
    "set_password",
    "update_environment",
    "update_project",
    "update_user",
    "withdraw_invitation",
    "withdraw_role",
]
