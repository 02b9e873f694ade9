"""Which project and environment a request concerns: `?project=` and `?environment=`."""

from dataclasses import dataclass

from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.errors import ProjectNotFound
from accounts.models import Environment, Project, ServerKey, User
from accounts.permissions import require
from accounts.querysets import environment_named, environment_seen, first_environment, project_named, projects_of
from accounts.roles import Ability
from flagsite.lib.problems import InvalidInput


@dataclass(frozen=True)
class Scope:
    """The project, and the environment in which flags have the state that is asked about."""

    project: Project
    environment: Environment


def scope_of(request: Request) -> Scope:
    """Return what the query parameters name; the project's first environment when they name none.

    Raises:
        ProjectNotFound: when there is no such project for this person, or none at all.
        EnvironmentNotFound: when the project has no such environment.
        InvalidInput: when the person reaches several projects and names none.
    """
    assert isinstance(request.user, User)  # noqa: S101 - HoldsApiToken has let the request in
    named, key = request.query_params.get("project"), request.query_params.get("environment")
    if named is not None and key is not None:
        environment = environment_seen(key, project=named, user=request.user)
        return Scope(environment.project, environment)
    project = project_of(request)
    return Scope(project, first_environment(project) if key is None else environment_named(key, project=project))


def project_of(request: Request) -> Project:
    """Return the project that `?project=` names, or the only one that the person reaches."""
    assert isinstance(request.user, User)  # noqa: S101 - HoldsApiToken has let the request in
    key = request.query_params.get("project")
    if key is not None:
        return project_named(key, user=request.user)
    reachable = list(projects_of(request.user)[:2])
    if not reachable:
        raise ProjectNotFound("You have no role in any project yet.")
    if len(reachable) > 1:
        raise InvalidInput.at("project", "You reach several projects: name one with `?project=`.")
    return reachable[0]


def managed_project(request: Request) -> Project:
    """Return the project that is named, for those who manage it: what they read there is not for everybody.

    Raises:
        MissingRole: when the person sees it and does not manage it.
    """
    project = project_of(request)
    require(actor_of(request), Ability.MANAGE, project)
    return project


def environment_of_key(request: Request) -> Environment:
    """Return the one environment that a server key reaches."""
    assert isinstance(request.auth, ServerKey)  # noqa: S101 - HoldsServerKey has let the request in
    return request.auth.environment
