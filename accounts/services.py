"""The only writers of people, projects, environments, roles and keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.credentials import Credential, Kind
from accounts.errors import KeyTaken, MissingRole
from accounts.models import ApiToken, Environment, Project, ProjectUserPermission, ServerKey, User
from accounts.permissions import require, role_of
from accounts.roles import ABILITIES, Ability, Role
from flagsite.lib import clock
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InvalidInput


def _require_superuser(by: Actor, what: str) -> None:
    if by.user is not None and not by.user.is_superuser:
        raise MissingRole(f"Only a superuser may {what}.")


@transaction.atomic
def create_user(*, username: str, password: str, by: Actor, email: str = "", is_superuser: bool = False) -> User:
    """Create a person who can sign in to the admin; what they see there depends on their roles.

    Raises:
        MissingRole: when the actor is not a superuser.
        KeyTaken: when the name is taken.
    """
    _require_superuser(by, "create people")
    if User.objects.filter(username=username).exists():
        raise KeyTaken(f"There is already a person called `{username}`.")
    user = User(username=username, email=email, is_staff=True, is_superuser=is_superuser)
    user.set_password(password)
    user.save()
    record(Action.CREATE, user, by=by, project=None, new={"username": username, "email": email})
    return user


@transaction.atomic
def create_project(*, key: str, name: str, by: Actor, description: str = "") -> Project:
    """Create a project without environments; its creator becomes its admin.

    Raises:
        MissingRole: when the actor is not a superuser.
        KeyTaken: when another project has the key.
    """
    _require_superuser(by, "create projects")
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    if Project.objects.filter(key=key).exists():
        raise KeyTaken(f"There is already a project `{key}`.")
    project = Project.objects.create(key=key, name=name, description=description)
    record(Action.CREATE, project, by=by, project=project, new=_fields(project, "key", "name", "description"))
    if by.user is not None:
        grant_role(user=by.user, role=Role.ADMIN, project=project, by=by)
    return project


@transaction.atomic
def update_project(project: Project, *, by: Actor, name: str, description: str) -> Project:
    """Change what the project is called.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    require(by, Ability.MANAGE, project)
    old = _fields(Project.objects.get(pk=project.pk), "name", "description")
    project.name, project.description = name, description
    project.save(update_fields=["name", "description"])
    record(Action.UPDATE, project, by=by, project=project, old=old, new=_fields(project, "name", "description"))
    return project


@transaction.atomic
def create_environment(*, project: Project, key: str, name: str, by: Actor) -> Environment:
    """Create an environment after the others, without flags; `flags.services.open_environment` fills it.

    Raises:
        MissingRole: when the actor may not manage the project.
        KeyTaken: when the project has an environment of that key.
        InvalidInput: when the key cannot be one.
    """
    require(by, Ability.MANAGE, project)
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    if project.environments.filter(key=key).exists():
        raise KeyTaken(f"The project `{project.key}` already has an environment `{key}`.")
    environment = Environment.objects.create(
        project=project,
        key=key,
        name=name,
        position=project.environments.count(),
    )
    record(Action.CREATE, environment, by=by, project=project, new=_fields(environment, "key", "name"))
    return environment


@transaction.atomic
def update_environment(environment: Environment, *, by: Actor, name: str, position: int) -> Environment:
    """Change what the environment is called and where it stands in the list; its key never changes.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    project = environment.project
    require(by, Ability.MANAGE, project)
    old = _fields(Environment.objects.get(pk=environment.pk), "name", "position")
    environment.name, environment.position = name, position
    environment.save(update_fields=["name", "position"])
    record(
        Action.UPDATE,
        environment,
        by=by,
        project=project,
        old=old,
        new=_fields(environment, "name", "position"),
    )
    return environment


@transaction.atomic
def grant_role(*, user: User, role: Role, project: Project, by: Actor) -> None:
    """Give the person exactly this role in the project, in place of any other.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    if by.user is None or not by.user.is_superuser:
        require(by, Ability.MANAGE, project)
    _set_role(user, role, project, by)


@transaction.atomic
def withdraw_role(*, user: User, project: Project, by: Actor) -> None:
    """Take the person's role in the project away.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    require(by, Ability.MANAGE, project)
    _set_role(user, None, project, by)


def _set_role(user: User, role: Role | None, project: Project, by: Actor) -> None:
    old = role_of(user, project) if not user.is_superuser else None
    ProjectUserPermission.objects.filter(user=user, content_object=project).delete()
    wanted = [ability.value for ability in ABILITIES[role]] if role else []
    about_projects = ContentType.objects.get_for_model(Project)
    for permission in Permission.objects.filter(content_type=about_projects, codename__in=wanted):
        ProjectUserPermission.objects.create(user=user, content_object=project, permission=permission)
    record(
        Action.UPDATE,
        user,
        by=by,
        project=project,
        old={"role": old},
        new={"role": role},
    )


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
        new=_fields(row, "name", "expires_at"),
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
        _require_superuser(by, "make tokens for other people")
    credential = Credential.new(Kind.API)
    row = ApiToken(id=credential.id, digest=credential.digest, name=name, user=user, expires_at=expires_at)
    row.save(force_insert=True)
    record(Action.CREATE, row, by=by, project=None, new=_fields(row, "name", "expires_at"))
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
        _require_superuser(by, "revoke other people's tokens")
    if key.revoked_at is not None:
        return
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    record(Action.UPDATE, key, by=by, project=project, old={"revoked_at": None}, new=_fields(key, "revoked_at"))


def _fields(row: Any, *names: str) -> Mapping[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
