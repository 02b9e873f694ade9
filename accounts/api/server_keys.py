"""Server keys over REST: made, shown once, rotated, revoked. What is stored of a secret is never shown."""

from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import PageQuery, ProjectQuery
from accounts.api.scope import managed_project, project_of
from accounts.models import ServerKey
from accounts.querysets import environment_named, server_key_of, server_keys_of
from accounts.services import issue_server_key, revoke_key, rotate_server_key
from accounts.services.keys import MAX_OVERLAP_HOURS, OVERLAP_HOURS
from flagsite.lib import clock
from flagsite.lib.moments import moment_of
from flagsite.lib.pages import KeyPages, page_of, text_of
from flagsite.lib.strict import Moment, StrictSerializer, Text, Whole, read_body, read_query


class ServerKeyQuery(PageQuery):
    """Which server keys to list."""

    environment = Text(required=False, help_text="Key of the environment that they reach.")


class NewServerKey(StrictSerializer):
    """A server key to be made."""

    environment = Text(help_text="Key of the environment that it reaches.")
    name = Text(max_length=200)
    expires_at = Moment(required=False)


class KeyRotation(StrictSerializer):
    """How long the old key still works."""

    overlap_hours = Whole(required=False, min_value=0, max_value=MAX_OVERLAP_HOURS, help_text="24 unless said.")


class ServerKeyBody(serializers.Serializer[Any]):
    """A server key, without its secret."""

    id = serializers.CharField(help_text="The part between the second and the third underscore.")
    name = serializers.CharField()
    project = serializers.CharField()
    environment = serializers.CharField()
    status = serializers.CharField(help_text="in_force, expired or revoked.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class ServerKeyShown(ServerKeyBody):
    """A server key that was made now: the whole key is shown here and never again."""

    key = serializers.CharField()


class ServerKeyPage(serializers.Serializer[Any]):
    """A page of server keys, the newest first; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ServerKeyBody(many=True)


class ServerKeyPages(KeyPages):
    """Server keys, the newest first."""

    order: ClassVar = {"created_at": moment_of, "id": text_of}
    descends = True


def server_key_body(key: ServerKey) -> dict[str, Any]:
    """Return a server key as `ServerKeyBody` describes it."""
    fields = ("id", "name", "created_at", "expires_at", "revoked_at", "last_used_at")
    status = "revoked" if key.revoked_at else "in_force" if key.in_force(clock.now()) else "expired"
    place = {"project": key.environment.project.key, "environment": key.environment.key}
    return {**{name: getattr(key, name) for name in fields}, **place, "status": status}


def _asked(request: Request, pk: str) -> ServerKey:
    read_query(ProjectQuery, request.query_params)
    return server_key_of(project_of(request), pk)


class ServerKeyListView(APIView):
    """The keys of a project's SDKs."""

    @extend_schema(operation_id="list_server_keys", parameters=[ServerKeyQuery], responses=ServerKeyPage)
    def get(self, request: Request) -> Response:
        """List server keys, the newest first, a page at a time; those that open nothing any more too."""
        query = read_query(ServerKeyQuery, request.query_params)
        project = project_of(request)
        where = query.get("environment")
        rows = server_keys_of(project, environment_named(where, project=project) if where is not None else None)
        return page_of(ServerKeyPages, rows, request, server_key_body)

    @extend_schema(
        operation_id="create_server_key",
        parameters=[ProjectQuery],
        request=NewServerKey,
        responses={201: ServerKeyShown},
    )
    def post(self, request: Request) -> Response:
        """Make a key for SDKs of one environment. The whole key is shown once."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        body = read_body(NewServerKey, request.data)
        environment = environment_named(body.pop("environment"), project=project)
        key, credential = issue_server_key(environment=environment, by=actor_of(request), **body)
        return Response({**server_key_body(key), "key": str(credential)}, status=201)


class ServerKeyView(APIView):
    """One server key."""

    @extend_schema(operation_id="get_server_key", parameters=[ProjectQuery], responses=ServerKeyBody)
    def get(self, request: Request, server_key: str) -> Response:
        """Return the server key, without its secret."""
        return Response(server_key_body(_asked(request, server_key)))


class RotateServerKeyView(APIView):
    """Replacing a server key without an interruption."""

    @extend_schema(
        operation_id="rotate_server_key",
        parameters=[ProjectQuery],
        request=KeyRotation,
        responses={201: ServerKeyShown},
    )
    def post(self, request: Request, server_key: str) -> Response:
        """Make a successor, shown once; the old key expires after the overlap, and never gets more time than it had."""
        found = _asked(request, server_key)
        hours = read_body(KeyRotation, request.data).get("overlap_hours", OVERLAP_HOURS)
        key, credential = rotate_server_key(found, by=actor_of(request), overlap=timedelta(hours=hours))
        return Response({**server_key_body(key), "key": str(credential)}, status=201)


class RevokeServerKeyView(APIView):
    """Making a server key useless."""

    @extend_schema(operation_id="revoke_server_key", parameters=[ProjectQuery], request=None, responses=ServerKeyBody)
    def post(self, request: Request, server_key: str) -> Response:
        """Refuse whoever uses the key from now on; this cannot be undone."""
        found = _asked(request, server_key)
        revoke_key(found, by=actor_of(request))
        return Response(server_key_body(found))
