"""Creating projects and their environments, and changing what is said and kept of them."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, fields_of, record
from accounts.errors import KeyTaken
from accounts.models import Environment, Project
from accounts.permissions import require, require_superuser
from accounts.querysets import lock_project
from accounts.roles import Ability, Role
from accounts.services.roles import grant_role
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InvalidInput

MAX_RECORDED: Final = 100
"""Attributes that a project may list to be kept of contexts."""
MAX_PATH: Final = 200
"""Characters of the path of such an attribute."""


@transaction.atomic
def create_project(*, key: str, name: str, by: Actor, description: str = "") -> Project:
    """Create a project without environments; its creator becomes its admin.

    Raises:
        MissingRole: when the actor is not a superuser.
        KeyTaken: when another project has the key.
    """
    require_superuser(by, "create projects")
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    if Project.objects.filter(key=key).exists():
        raise KeyTaken(f"There is already a project `{key}`.")
    project = Project.objects.create(key=key, name=name, description=description)
    record(Action.CREATE, project, by=by, project=project, new=fields_of(project, "key", "name", "description"))
    if by.user is not None:
        grant_role(user=by.user, role=Role.ADMIN, project=project, by=by)
    return project


@transaction.atomic
def update_project(
    project: Project,
    *,
    by: Actor,
    name: str,
    description: str,
    recorded_attributes: Sequence[str] | None = None,
    hash_context_ids: bool | None = None,
) -> Project:
    """Change what the project is called, and what may be kept of contexts (None: as it was).

    Raises:
        MissingRole: when the actor may not manage the project.
        InvalidInput: when an attribute cannot be kept, or there are too many.
    """
    require(by, Ability.MANAGE, project)
    fields = ("name", "description", "recorded_attributes", "hash_context_ids")
    before = Project.objects.get(pk=project.pk)
    old = fields_of(before, *fields)
    _check_recorded(recorded_attributes or ())
    project.name, project.description = name, description
    project.recorded_attributes = list(
        before.recorded_attributes if recorded_attributes is None else recorded_attributes
    )
    project.hash_context_ids = before.hash_context_ids if hash_context_ids is None else hash_context_ids
    project.save(update_fields=fields)
    record(Action.UPDATE, project, by=by, project=project, old=old, new=fields_of(project, *fields))
    return project


def _check_recorded(paths: Sequence[str]) -> None:
    """Refuse paths that say nothing, say the same again, or are too long or too many."""
    if len(paths) > MAX_RECORDED:
        raise InvalidInput.at("recorded_attributes", f"A project lists at most {MAX_RECORDED} attributes.")
    for index, path in enumerate(paths):
        problem = ""
        if not path.strip() or len(path) > MAX_PATH or not path.isprintable():
            problem = f"The path of an attribute has 1 to {MAX_PATH} printable characters."
        elif path == "id":
            problem = "The id is always kept and need not be listed."
        elif path in paths[:index]:
            problem = f"`{path}` is listed twice."
        if problem:
            raise InvalidInput.at(f"recorded_attributes[{index}]", problem)


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
    lock_project(project)
    if project.environments.filter(key=key).exists():
        raise KeyTaken(f"The project `{project.key}` already has an environment `{key}`.")
    environment = Environment.objects.create(
        project=project,
        key=key,
        name=name,
        position=project.environments.count(),
    )
    record(Action.CREATE, environment, by=by, project=project, new=fields_of(environment, "key", "name"))
    return environment


@transaction.atomic
def update_environment(
    environment: Environment, *, by: Actor, name: str, position: int, is_protected: bool, requires_approval: bool
) -> Environment:
    """Change what the environment is called, where it stands and what its changes ask for; its key never changes.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    project = environment.project
    require(by, Ability.MANAGE, project)
    fields = ("name", "position", "is_protected", "requires_approval")
    old = fields_of(Environment.objects.get(pk=environment.pk), *fields)
    environment.name, environment.position = name, position
    environment.is_protected, environment.requires_approval = is_protected, requires_approval
    environment.save(update_fields=fields)
    record(
        Action.UPDATE,
        environment,
        by=by,
        project=project,
        old=old,
        new=fields_of(environment, *fields),
    )
    return environment
