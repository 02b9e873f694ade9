"""Issuing and revoking keys of both kinds, and rotating those of SDKs."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, fields_of, record
from accounts.credentials import Credential, Kind
from accounts.errors import KeyNotInForce
from accounts.models import ApiToken, Environment, ServerKey, User
from accounts.permissions import require, require_superuser
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput

OVERLAP_HOURS: Final = 24
"""How long a rotated key still works, unless the caller says otherwise."""
MAX_OVERLAP_HOURS: Final = 90 * 24


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
        InvalidInput: when it would have expired already.
    """
    require(by, Ability.MANAGE, environment.project)
    _check_expiry(expires_at)
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
        InvalidInput: when it would have expired already.
    """
    if by.user != user:
        require_superuser(by, "make tokens for other people")
    _check_expiry(expires_at)
    credential = Credential.new(Kind.API)
    row = ApiToken(id=credential.id, digest=credential.digest, name=name, user=user, expires_at=expires_at)
    row.save(force_insert=True)
    record(Action.CREATE, row, by=by, project=None, new=fields_of(row, "name", "expires_at"))
    return row, credential


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput.at("expires_at", "This moment is past; the key would open nothing.")


@transaction.atomic
def rotate_server_key(
    key: ServerKey,
    *,
    by: Actor,
    overlap: timedelta = timedelta(hours=OVERLAP_HOURS),
) -> tuple[ServerKey, Credential]:
    """Make a successor of the same name for the same environment; the old key expires after the overlap.

    The old key never gets more time than it had. The successor does not expire. The credential returned is never
    shown again.

    Raises:
        MissingRole: when the actor may not manage the project.
        KeyNotInForce: when the key is revoked or has expired: make a new one instead.
        InvalidInput: when the overlap is negative or too long.
    """
    environment = key.environment
    require(by, Ability.MANAGE, environment.project)
    if not timedelta() <= overlap <= timedelta(hours=MAX_OVERLAP_HOURS):
        raise InvalidInput.at("overlap", f"From 0 to {MAX_OVERLAP_HOURS:,} hours.")
    old = ServerKey.objects.select_for_update().get(pk=key.pk)
    now = clock.now()
    if not old.in_force(now):
        raise KeyNotInForce(f"{old} opens nothing any more; make a new key instead.")
    successor, credential = issue_server_key(environment=environment, name=old.name, by=by)
    before = fields_of(old, "expires_at")
    old.expires_at = min(now + overlap, old.expires_at or now + overlap)
    old.save(update_fields=["expires_at"])
    record(
        Action.UPDATE,
        old,
        by=by,
        project=environment.project,
        environment=environment.key,
        old=before,
        new=fields_of(old, "expires_at"),
        comment=f"Rotated; its successor is {successor}.",
    )
    return successor, credential


@transaction.atomic
def revoke_key(key: ServerKey | ApiToken, *, by: Actor) -> None:
    """Make a key useless, everywhere within a second; revoking twice changes nothing.

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
