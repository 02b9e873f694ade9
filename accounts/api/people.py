"""People over REST: who has which role in a project. People themselves are invited, or made by superusers."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import PageQuery, ProjectQuery
from accounts.api.scope import managed_project, project_of
from accounts.querysets import people_with_roles, person_named, person_with_role, roles_held
from accounts.roles import Role
from accounts.services import grant_role, withdraw_role
from flagsite.lib.pages import KeyPages, page_of, text_of
from flagsite.lib.strict import StrictSerializer, read_body, read_query

ROLES = [role.value for role in Role]


class RoleGiven(StrictSerializer):
    """Which role somebody is to have."""

    role = serializers.ChoiceField(choices=ROLES)


class GroupRole(serializers.Serializer[Any]):
    """A role that comes with a group; it is changed where groups are kept."""

    group = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)


class PersonBody(serializers.Serializer[Any]):
    """Somebody who has a role in the project."""

    username = serializers.CharField()
    full_name = serializers.CharField()
    email = serializers.CharField()
    active = serializers.BooleanField(help_text="Whether they may sign in, and their tokens open anything.")
    role = serializers.ChoiceField(choices=ROLES, allow_null=True, help_text="Their own; null: only through a group.")
    through_groups = GroupRole(many=True)


class PersonPage(serializers.Serializer[Any]):
    """A page of people, by name; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PersonBody(many=True)


class PersonPages(KeyPages):
    """People by the name with which they sign in."""

    order: ClassVar = {"username": text_of}


def person_body(person: Any) -> dict[str, Any]:
    """Return somebody, fetched by `people_with_roles`, as `PersonBody` describes them."""
    held = roles_held(person)
    return {
        "username": person.username,
        "full_name": person.get_full_name(),
        "email": person.email,
        "active": person.is_active,
        "role": next((each.role for each in held if not each.group), None),
        "through_groups": [{"group": each.group, "role": each.role} for each in held if each.group],
    }


class PersonListView(APIView):
    """The people of a project."""

    @extend_schema(operation_id="list_people", parameters=[PageQuery], responses=PersonPage)
    def get(self, request: Request) -> Response:
        """List who has a role in the project, by name, a page at a time. Superusers reach every project besides."""
        read_query(PageQuery, request.query_params)
        return page_of(PersonPages, people_with_roles(project_of(request)), request, person_body)


class PersonRoleView(APIView):
    """Somebody's role in a project."""

    @extend_schema(operation_id="grant_role", parameters=[ProjectQuery], request=RoleGiven, responses=PersonBody)
    def put(self, request: Request, person: str) -> Response:
        """Give somebody who is here exactly this role, in place of any other; nobody gives more than they have."""
        read_query(ProjectQuery, request.query_params)
        role = Role(read_body(RoleGiven, request.data)["role"])
        project = managed_project(request)
        found = person_named(person)
        grant_role(user=found, role=role, project=project, by=actor_of(request))
        return Response(person_body(person_with_role(found, project)))

    @extend_schema(operation_id="withdraw_role", parameters=[ProjectQuery], responses={204: None})
    def delete(self, request: Request, person: str) -> Response:
        """Take somebody's role in the project away."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        withdraw_role(user=person_named(person), project=project, by=actor_of(request))
        return Response(status=204)
