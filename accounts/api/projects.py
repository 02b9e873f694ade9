"""Projects over REST: those that a person sees, and what is said and kept of them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.models import Project, User
from accounts.permissions import Access
from accounts.querysets import project_named
from accounts.roles import Ability, Role, role_with
from accounts.services import create_project, update_project
from accounts.services.projects import MAX_RECORDED
from flagsite.lib.pages import KeyPages, page_of
from flagsite.lib.strict import Many, StrictSerializer, Text, read_body, read_query


class NoQuery(StrictSerializer):
    """No query parameters at all."""


class ProjectsQuery(StrictSerializer):
    """Which page of the projects."""

    cursor = Text(required=False)
    page_size = Text(required=False)


class ProjectChange(StrictSerializer):
    """What may be changed of a project. What is absent stays as it is."""

    name = Text(required=False, max_length=200)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    recorded_attributes = Many(
        child=Text(), required=False, max_length=MAX_RECORDED, help_text="Paths of attributes that are kept."
    )
    hash_context_ids = serializers.BooleanField(required=False, help_text="Keep the ids of contexts only as hashes.")


class NewProject(StrictSerializer):
    """A project to be created."""

    key = Text()
    name = Text(max_length=200)
    description = Text(required=False, allow_blank=True, max_length=10_000)


class ProjectBody(serializers.Serializer[Any]):
    """A project, and the caller's role in it."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    role = serializers.ChoiceField(choices=[role.value for role in Role], help_text="Yours.")
    recorded_attributes = serializers.ListField(child=serializers.CharField())
    hash_context_ids = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ProjectPage(serializers.Serializer[Any]):
    """A page of projects; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ProjectBody(many=True)


def project_body(project: Project, access: Access) -> dict[str, Any]:
    """Return a project as `ProjectBody` describes it."""
    held = frozenset(ability for ability in Ability if access.may(ability, project.pk))
    fields = ("key", "name", "description", "recorded_attributes", "hash_context_ids", "created_at")
    return {**{name: getattr(project, name) for name in fields}, "role": role_with(held)}


def _access(request: Request) -> Access:
    assert isinstance(request.user, User)  # noqa: S101 - HoldsApiToken has let the request in
    return Access.of(request.user)


def _asked(request: Request, key: str) -> Project:
    read_query(NoQuery, request.query_params)
    return project_named(key, user=_access(request).user)


class ProjectListView(APIView):
    """The projects that somebody sees."""

    @extend_schema(operation_id="list_projects", parameters=[ProjectsQuery], responses=ProjectPage)
    def get(self, request: Request) -> Response:
        """List the projects that you see, by key, a page at a time, with your role."""
        read_query(ProjectsQuery, request.query_params)
        access = _access(request)
        rows = access.projects(Ability.VIEW)
        return page_of(KeyPages, rows, request, lambda project: project_body(project, access))

    @extend_schema(operation_id="create_project", request=NewProject, responses={201: ProjectBody})
    def post(self, request: Request) -> Response:
        """Create a project without environments, whose admin you are then; only superusers do."""
        read_query(NoQuery, request.query_params)
        project = create_project(by=actor_of(request), **read_body(NewProject, request.data))
        return Response(project_body(project, _access(request)), status=201)


class ProjectView(APIView):
    """One project."""

    @extend_schema(operation_id="get_project", responses=ProjectBody)
    def get(self, request: Request, project: str) -> Response:
        """Return the project."""
        return Response(project_body(_asked(request, project), _access(request)))

    @extend_schema(operation_id="update_project", request=ProjectChange, responses=ProjectBody)
    def patch(self, request: Request, project: str) -> Response:
        """Change what is said of the project, and what may be kept of contexts."""
        found = _asked(request, project)
        present = {"name": found.name, "description": found.description}
        changed = update_project(found, by=actor_of(request), **{**present, **read_body(ProjectChange, request.data)})
        return Response(project_body(changed, _access(request)))
