"""Environments over REST: opened, and what a change there asks for. Opening one puts every flag into it, disabled."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import ProjectQuery
from accounts.api.scope import project_of
from accounts.models import Environment
from accounts.querysets import environment_named
from accounts.services import update_environment
from flags.services import open_environment
from flagsite.lib.strict import StrictSerializer, Text, Whole, read_body, read_query

LAST_POSITION = 32_767
"""What the column holds."""


class EnvironmentChange(StrictSerializer):
    """What may be changed of an environment. What is absent stays as it is."""

    name = Text(required=False, max_length=200)
    position = Whole(required=False, min_value=0, max_value=LAST_POSITION, help_text="Lower ones come first.")
    protected = serializers.BooleanField(required=False, help_text="Every change says why.")
    requires_approval = serializers.BooleanField(
        required=False, help_text="Somebody else approves exactly the change that is published."
    )


class NewEnvironment(StrictSerializer):
    """An environment to be opened."""

    key = Text()
    name = Text(max_length=200)
    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")


class EnvironmentBody(serializers.Serializer[Any]):
    """An environment."""

    key = serializers.CharField()
    name = serializers.CharField()
    project = serializers.CharField()
    position = serializers.IntegerField()
    protected = serializers.BooleanField()
    requires_approval = serializers.BooleanField()
    revision = serializers.IntegerField(help_text="The newest of its configuration.")
    created_at = serializers.DateTimeField()


def environment_body(environment: Environment) -> dict[str, Any]:
    """Return an environment as `EnvironmentBody` describes it."""
    fields = ("key", "name", "position", "requires_approval", "revision", "created_at")
    own = {name: getattr(environment, name) for name in fields}
    return {**own, "project": environment.project.key, "protected": environment.is_protected}


def _asked(request: Request, key: str) -> Environment:
    read_query(ProjectQuery, request.query_params)
    return environment_named(key, project=project_of(request))


class EnvironmentListView(APIView):
    """The environments of a project."""

    @extend_schema(operation_id="list_environments", parameters=[ProjectQuery], responses=EnvironmentBody(many=True))
    def get(self, request: Request) -> Response:
        """List the environments, in their order; the first is meant where none is named."""
        read_query(ProjectQuery, request.query_params)
        rows = project_of(request).environments.select_related("project")
        return Response([environment_body(environment) for environment in rows])

    @extend_schema(
        operation_id="open_environment",
        parameters=[ProjectQuery],
        request=NewEnvironment,
        responses={201: EnvironmentBody},
    )
    def post(self, request: Request) -> Response:
        """Open an environment, in which every flag of the project is disabled."""
        read_query(ProjectQuery, request.query_params)
        body = read_body(NewEnvironment, request.data)
        environment = open_environment(project=project_of(request), by=actor_of(request), **body)
        return Response(environment_body(environment), status=201)


class EnvironmentView(APIView):
    """One environment."""

    @extend_schema(operation_id="get_environment", parameters=[ProjectQuery], responses=EnvironmentBody)
    def get(self, request: Request, environment: str) -> Response:
        """Return the environment."""
        return Response(environment_body(_asked(request, environment)))

    @extend_schema(
        operation_id="update_environment",
        parameters=[ProjectQuery],
        request=EnvironmentChange,
        responses=EnvironmentBody,
    )
    def patch(self, request: Request, environment: str) -> Response:
        """Change what it is called, where it stands, and what its changes ask for; its key never changes."""
        found = _asked(request, environment)
        body = read_body(EnvironmentChange, request.data)
        fields: Any = {name: body.get(name, getattr(found, name)) for name in ("name", "position", "requires_approval")}
        is_protected = body.get("protected", found.is_protected)
        return Response(
            environment_body(update_environment(found, by=actor_of(request), is_protected=is_protected, **fields))
        )
