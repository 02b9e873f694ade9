"""Reads of accounts' tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.db.models import Q, QuerySet

from accounts.audit import Entrance
from accounts.credentials import Credential, Kind
from accounts.errors import EnvironmentNotFound, ProjectNotFound
from accounts.models import ApiToken, Environment, Project, ProjectUserPermission, ServerKey, User
from accounts.permissions import abilities_by_project
from accounts.roles import Ability, Role, role_with
from flagsite.lib import clock

LAST_USED_PRECISION = timedelta(minutes=1)
"""`last_used_at` is written at most so often for a key, so that reading with it stays cheap."""


def projects_of(user: User) -> QuerySet[Project]:
    """Return the projects that the person may see."""
    if user.is_active and user.is_superuser:
        return Project.objects.all()
    seen = [pk for pk, abilities in abilities_by_project(user).items() if Ability.VIEW in abilities]
    return Project.objects.filter(pk__in=seen)


def project_named(key: str, *, user: User) -> Project:
    """Return a project that the person may see.

    Raises:
        ProjectNotFound: when there is none of that key that they may see.
    """
    project = projects_of(user).filter(key=key).first()
    if project is None:
        raise ProjectNotFound(f"There is no project `{key}`.")
    return project


def environment_named(key: str, *, project: Project) -> Environment:
    """Return an environment of the project.

    Raises:
        EnvironmentNotFound: when there is none of that key.
    """
    environment = project.environments.filter(key=key).first()
    if environment is None:
        known = ", ".join(project.environments.values_list("key", flat=True))
        raise EnvironmentNotFound(f"The project `{project.key}` has no environment `{key}`; it has: {known}.")
    return environment


def first_environment(project: Project) -> Environment:
    """Return the environment that is meant when none is named: the project's first.

    Raises:
        EnvironmentNotFound: when the project has none yet.
    """
    environment = project.environments.first()
    if environment is None:
        raise EnvironmentNotFound(f"The project `{project.key}` has no environment yet.")
    return environment


def key_in_force(credential: Credential) -> ServerKey | ApiToken | None:
    """Return the row that the credential opens now, with its environment or person, or None.

    One query; a second one at most once a minute, to note that the key was used.
    """
    row: ServerKey | ApiToken | None
    if credential.kind is Kind.SERVER:
        row = ServerKey.objects.select_related("environment").filter(pk=credential.id).first()
    else:
        row = ApiToken.objects.select_related("user").filter(pk=credential.id, user__is_active=True).first()
    now = clock.now()
    if row is None or not credential.opens(row.digest) or not row.in_force(now):
        return None
    if row.last_used_at is None or row.last_used_at < now - LAST_USED_PRECISION:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_PRECISION)
        type(row).objects.filter(stale, pk=row.pk).update(last_used_at=now)
    return row


def lock_project(project: Project) -> None:
    """Wait until nobody else changes which environments the project has, or something in all of them."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def lock_environments(project: Project, *, only: Environment | None = None) -> list[Environment]:
    """Lock all environments of the project, or one, until the transaction ends, and return them fresh.

    Every change of configuration begins here. The rows are locked in the order of their ids, so that two changes
    that concern several environments cannot wait for each other; and the project before them, so that none is
    opened meanwhile.
    """
    if only is None:
        lock_project(project)
    rows = Environment.objects.select_for_update().filter(project=project).order_by("pk")
    return list(rows.filter(pk=only.pk) if only else rows)


def server_keys_in_force(ids: Iterable[str]) -> set[str]:
    """Return those of the server keys' ids that open something now."""
    now = clock.now()
    alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return set(ServerKey.objects.filter(alive, pk__in=list(ids)).values_list("pk", flat=True))


def people_of(project: Project) -> list[tuple[User, Role]]:
    """Return who has which role of their own in the project, by name, in one query."""
    rows = ProjectUserPermission.objects.filter(content_object=project).select_related("user", "permission")
    held: dict[User, set[Ability]] = {}
    known = {ability.value for ability in Ability}
    for row in rows.order_by("user__username"):
        if row.permission.codename in known:
            held.setdefault(row.user, set()).add(Ability(row.permission.codename))
    roles = [(user, role_with(frozenset(abilities))) for user, abilities in held.items()]
    return [(user, role) for user, role in roles if role]


def people_seen_from(projects: QuerySet[Project], *, user: User) -> QuerySet[User]:
    """Return the person themselves and everybody who has a role in one of the projects."""
    rows = ProjectUserPermission.objects.filter(content_object__in=projects)
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=rows.values("user")))


def failures_of(name: str, *, address: str | None, since: datetime) -> dict[datetime, int]:
    """Return how often the name failed to sign in from the address, by the time of the last failure in each browser."""
    rows = AccessAttempt.objects.filter(username=name, ip_address=address, attempt_time__gte=since)
    return dict(rows.values_list("attempt_time", "failures_since_start"))


def has_signed_in_from(address: str, name: str, *, since: datetime) -> bool:
    """Tell whether the person of this name has signed in from the address since then."""
    entries = LogEntry.objects.filter(action=LogEntry.Action.ACCESS, actor__username=name, timestamp__gte=since)
    return bool(entries.filter(remote_addr=address, additional_data__event=Entrance.SIGNED_IN.value).exists())
