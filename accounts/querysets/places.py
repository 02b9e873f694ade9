"""Reads of projects and environments, and the locks that every change of configuration begins with."""

from typing import Final

from django.db.models import QuerySet

from accounts.errors import EnvironmentNotFound, ProjectNotFound
from accounts.models import Environment, Project, User
from accounts.permissions import abilities_by_project, granted
from accounts.roles import Ability
from flagsite.lib.prepared import Given, Prepared

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
