"""Reads of keys: what a key that was sent opens now, and which keys a project has."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet

from accounts.credentials import Credential, Kind
from accounts.errors import ServerKeyNotFound
from accounts.models import ApiToken, Environment, Project, ServerKey
from flagsite.lib import clock
from flagsite.lib.prepared import Given, Prepared

log = structlog.get_logger(__name__)

LAST_USED_PRECISION = timedelta(minutes=1)
"""`last_used_at` is written at most so often for a key, so that reading with it stays cheap."""

_TOKEN: Final = Prepared(
    lambda: ApiToken.objects.select_related("user").filter(pk=Given("token"), user__is_active=True).order_by()
)


def key_in_force(credential: Credential) -> ServerKey | ApiToken | None:
    """Return the row that the credential opens now, with its environment or person, or None.

    One query; a short transaction at most once a minute, to note that the key was used.
    """
    row: ServerKey | ApiToken | None
    if credential.kind is Kind.SERVER:
        row = ServerKey.objects.select_related("environment__project").filter(pk=credential.id).first()
    else:
        row = _TOKEN.one(token=credential.id)
    now = clock.now()
    if row is None or not credential.opens(row.digest) or not row.in_force(now):
        return None
    if row.last_used_at is None or row.last_used_at < now - LAST_USED_PRECISION:
        _note_use(row, now)
    return row


def _note_use(row: ServerKey | ApiToken, now: datetime) -> None:
    """Write down that a key was used, if that can be done now: nobody waits for it, or is refused without it."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_PRECISION)
    rows = type(row).objects.filter(stale, pk=row.pk)
    try:
        with transaction.atomic():
            if rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked).first():
                rows.update(last_used_at=now)
    except DatabaseError as error:  # a database that may only be read, as after a failover
        log.info("use_not_noted", error=type(error).__name__)


def server_keys_of(project: Project, environment: Environment | None = None) -> QuerySet[ServerKey]:
    """Return the keys of the project's SDKs, or those of one environment."""
    rows = ServerKey.objects.filter(environment__project=project).select_related("environment__project")
    return rows if environment is None else rows.filter(environment=environment)


def server_key_of(project: Project, pk: str) -> ServerKey:
    """Return one key of the project's SDKs.

    Raises:
        ServerKeyNotFound: when the project has none of that id.
    """
    key = server_keys_of(project).filter(pk=pk).first()
    if key is None:
        raise ServerKeyNotFound(f"The project `{project.key}` has no server key `{pk[:12]}`.")
    return key


def server_keys_in_force(ids: Iterable[str]) -> set[str]:
    """Return those of the server keys' ids that open something now."""
    now = clock.now()
    alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return set(ServerKey.objects.filter(alive, pk__in=list(ids)).values_list("pk", flat=True))
