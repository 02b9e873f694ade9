"""Issuing and revoking keys of both kinds."""

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, fields_of, record
from accounts.credentials import Credential, Kind
from accounts.models import ApiToken, Environment, ServerKey, User
from accounts.permissions import require, require_superuser
from accounts.roles import Ability
from flagsite.lib import clock


@transaction.atomic
def issue_server_key(
    *,
    environment: Environment,
    name: str,
    by: Actor,
    expires_at: datetime | None = None,
) -> tuple[ServerKey, Credential]:
    """Make a key for SDKs of one environment; the credential returned is never shown again.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    require(by, Ability.MANAGE, environment.project)
    credential = Credential.new(Kind.SERVER)
    row = ServerKey(
        id=credential.id,
        digest=credential.digest,
        name=name,
        environment=environment,
        expires_at=expires_at,
    )
    row.save(force_insert=True)
    record(
        Action.CREATE,
        row,
        by=by,
        project=environment.project,
        environment=environment.key,
        new=fields_of(row, "name", "expires_at"),
    )
    return row, credential


@transaction.atomic
def issue_api_token(
    *,
    user: User,
    name: str,
    by: Actor,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, Credential]:
    """Make a token that acts for a person; the credential returned is never shown again.

    Raises:
        MissingRole: when the actor is neither that person nor a superuser.
    """
    if by.user != user:
        require_superuser(by, "make tokens for other people")
    credential = Credential.new(Kind.API)
    row = ApiToken(id=credential.id, digest=credential.digest, name=name, user=user, expires_at=expires_at)
    row.save(force_insert=True)
    record(Action.CREATE, row, by=by, project=None, new=fields_of(row, "name", "expires_at"))
    return row, credential


@transaction.atomic
def revoke_key(key: ServerKey | ApiToken, *, by: Actor) -> None:
    """Make a key useless from the next request on; revoking twice changes nothing.

    Raises:
        MissingRole: when the actor may not manage the key's project, or the token is somebody else's.
    """
    project = None
    if isinstance(key, ServerKey):
        project = key.environment.project
        require(by, Ability.MANAGE, project)
    elif by.user != key.user:
        require_superuser(by, "revoke other people's tokens")
    if key.revoked_at is not None:
        return
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    record(Action.UPDATE, key, by=by, project=project, old={"revoked_at": None}, new=fields_of(key, "revoked_at"))
