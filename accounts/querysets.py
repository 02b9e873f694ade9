"""Reads of accounts' tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.db.models import Prefetch, Q, QuerySet

from accounts.credentials import Credential, Kind
from accounts.errors import EnvironmentNotFound, InvitationNotFound, PersonNotFound, ProjectNotFound, ServerKeyNotFound
from accounts.models import (
    ApiToken,
    Environment,
    Invitation,
    Project,
    ProjectGroupPermission,
    ProjectUserPermission,
    ServerKey,
    User,
)
from accounts.permissions import abilities_by_project, granted
from accounts.roles import Ability, Role, role_with
from flagsite.lib import clock
from flagsite.lib.prepared import Given, Prepared

log = structlog.get_logger(__name__)

LAST_USED_PRECISION = timedelta(minutes=1)
"""`last_used_at` is written at most so often for a key, so that reading with it stays cheap."""

_TOKEN: Final = Prepared(
    lambda: ApiToken.objects.select_related("user").filter(pk=Given("token"), user__is_active=True).order_by()
)
_PROJECT: Final = Prepared(lambda: Project.objects.filter(key=Given("key")).order_by())
_GRANTING: Final = Prepared(lambda: Project.objects.filter(granted(), key=Given("key")).order_by())
_ENVIRONMENT: Final = Prepared(
    lambda: Environment.objects.filter(project=Given("project"), key=Given("key")).order_by()
)
_SEEN: Final = Prepared(
    lambda: (
        Environment.objects.select_related("project")
        .filter(granted("project"), project__key=Given("project"), key=Given("key"))
        .order_by()
    )
)
_LOCKED: Final = Prepared(lambda: _to_be_locked().filter(pk=Given("environment"), project=Given("project")))


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
    if user.is_superuser:
        project = _PROJECT.one(key=key)
    else:
        project = _GRANTING.one(key=key, user=user.pk, ability=Ability.VIEW.value)
    if project is None:
        raise ProjectNotFound(f"There is no project `{key}`.")
    return project


def environment_seen(key: str, *, project: str, user: User) -> Environment:
    """Return an environment of the project of that key, with it: one read when all is as it should be.

    Raises:
        ProjectNotFound: when there is no such project that the person may see.
        EnvironmentNotFound: when the project has no such environment.
    """
    asked = {"key": key, "project": project, "user": user.pk, "ability": Ability.VIEW.value}
    found = None if user.is_superuser else _SEEN.one(**asked)
    return found or environment_named(key, project=project_named(project, user=user))


def environment_named(key: str, *, project: Project) -> Environment:
    """Return an environment of the project.

    Raises:
        EnvironmentNotFound: when there is none of that key.
    """
    environment = _ENVIRONMENT.one(project=project.pk, key=key)
    if environment is None:
        known = ", ".join(project.environments.values_list("key", flat=True))
        raise EnvironmentNotFound(f"The project `{project.key}` has no environment `{key}`; it has: {known}.")
    environment.project = project
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


def lock_project(project: Project) -> None:
    """Wait until nobody else changes which environments the project has, or something in all of them."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _to_be_locked() -> QuerySet[Environment]:
    """Return rows to be locked in the order of their ids."""
    return Environment.objects.select_for_update(no_key=True).order_by("pk")


def lock_environments(project: Project, *, only: Environment | None = None) -> list[Environment]:
    """Lock all environments of the project, or one, until the transaction ends, and return them fresh.

    Every change of configuration begins here. The rows are locked in the order of their ids, so that two changes
    that concern several environments cannot wait for each other; and the project before them, so that none is
    opened meanwhile. What merely refers to an environment, as every count and record does, can be written meanwhile.
    """
    if only is None:
        lock_project(project)
        held = list(_to_be_locked().filter(project=project))
    else:
        held = _LOCKED.ask(environment=only.pk, project=project.pk)
    for environment in held:
        environment.project = project
    return held


def server_keys_in_force(ids: Iterable[str]) -> set[str]:
    """Return those of the server keys' ids that open something now."""
    now = clock.now()
    alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return set(ServerKey.objects.filter(alive, pk__in=list(ids)).values_list("pk", flat=True))


@dataclass(frozen=True)
class Held:
    """A role that somebody has in a project; through which group, when it is not their own."""

    project: Project
    role: Role
    group: str = ""

    def __str__(self) -> str:
        return f"{self.role} (through the group {self.group})" if self.group else str(self.role)


def people_of(project: Project) -> list[tuple[User, Held]]:
    """Return who has which role in the project, by name, in a number of queries that does not grow."""
    people = people_with_roles(project)
    return [(user, held) for user in people.order_by("username") for held in roles_held(user)]


def people_in(projects: QuerySet[Project]) -> QuerySet[User]:
    """Return everybody who has a role in one of the projects, of their own or through a group."""
    own = ProjectUserPermission.objects.filter(content_object__in=projects)
    through_groups = ProjectGroupPermission.objects.filter(content_object__in=projects)
    members = Q(pk__in=User.groups.through.objects.filter(group__in=through_groups.values("group")).values("user"))
    return User.objects.filter(Q(pk__in=own.values("user")) | members)


def people_who_see(project: Project) -> QuerySet[User]:
    """Return everybody who sees the project: by a role in it, or because they are superusers."""
    there = people_in(Project.objects.filter(pk=project.pk))
    return User.objects.filter(Q(pk__in=there.values("pk")) | Q(is_superuser=True))


def people_with_roles(project: Project) -> QuerySet[User]:
    """Return everybody who has a role in the project, with what `roles_held` reads of them."""
    projects = Project.objects.filter(pk=project.pk)
    return with_roles(people_in(projects), projects)


def person_with_role(person: User, project: Project) -> User:
    """Return one person with what `roles_held` reads of them, as far as the project is concerned."""
    return with_roles(User.objects.filter(pk=person.pk), Project.objects.filter(pk=project.pk)).get()


def person_named(username: str) -> User:
    """Return somebody by the name with which they sign in.

    Raises:
        PersonNotFound: when nobody is called so.
    """
    person = User.objects.filter(username=username).first()
    if person is None:
        raise PersonNotFound(f"There is nobody called `{username[:150]}`.")
    return person


def people_seen_from(projects: QuerySet[Project], *, user: User) -> QuerySet[User]:
    """Return the person themselves and everybody who has a role in one of the projects."""
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=people_in(projects).values("pk")))


def with_roles(people: QuerySet[User], projects: QuerySet[Project]) -> QuerySet[User]:
    """Return the people with what `roles_held` reads of them, in a number of queries that does not grow."""
    own, through_groups = (
        model.objects.filter(content_object__in=projects).select_related("permission", "content_object")
        for model in (ProjectUserPermission, ProjectGroupPermission)
    )
    groups = Group.objects.order_by("name").prefetch_related(
        Prefetch("projectgrouppermission_set", queryset=through_groups, to_attr="granted")
    )
    return people.prefetch_related(
        Prefetch("projectuserpermission_set", queryset=own, to_attr="granted"),
        Prefetch("groups", queryset=groups, to_attr="with_grants"),
    )


def roles_held(person: Any) -> list[Held]:
    """Return the roles of somebody who was read by `with_roles`: by project, their own first."""
    found = _roles_in(person.granted, "")
    for group in person.with_grants:
        found += _roles_in(group.granted, group.name)
    return sorted(found, key=lambda held: (held.project.key, held.group))


def _roles_in(rows: Iterable[Any], group: str) -> list[Held]:
    known = {ability.value for ability in Ability}
    granted: dict[Project, set[Ability]] = {}
    for row in rows:
        if row.permission.codename in known:
            granted.setdefault(row.content_object, set()).add(Ability(row.permission.codename))
    roles = ((project, role_with(frozenset(abilities))) for project, abilities in granted.items())
    return [Held(project, role, group) for project, role in roles if role]


def invitations_into(project: Project) -> QuerySet[Invitation]:
    """Return the invitations that give a role in the project, with their roles."""
    into = Invitation.objects.filter(roles__project=project).select_related("invited_by", "accepted_by")
    return into.prefetch_related("roles")


def invitation_numbered(project: Project, pk: int) -> Invitation:
    """Return one invitation into the project.

    Raises:
        InvitationNotFound: when it has none of that number.
    """
    invitation = invitations_into(project).filter(pk=pk).first()
    if invitation is None:
        raise InvitationNotFound(f"There is no invitation {pk} into the project `{project.key}`.")
    return invitation


def open_invitations_to(email: str) -> list[Invitation]:
    """Return the invitations to the address that can be accepted now, the oldest first."""
    unused = Invitation.objects.filter(email__iexact=email, accepted_at=None, withdrawn_at=None)
    return list(unused.filter(expires_at__gt=clock.now()).order_by("pk"))
