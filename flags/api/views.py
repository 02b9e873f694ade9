"""Flags over REST, for people's tokens. Shape only: what a change means is decided by the services."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.scope import scope_of
from flags import services
from flags.api.pages import HistoryPages, StatePages
from flags.api.questions import AuditQuery, context_of_query
from flags.api.recorded import recorded_of
from flags.api.serializers import (
    DeleteQuery,
    FlagBody,
    FlagChange,
    FlagPage,
    HistoryPage,
    HistoryQuery,
    ListQuery,
    NewFlag,
    RestoreRequest,
    Said,
    ScopeQuery,
    SegmentHistoryPage,
    TurnOffRequest,
    flag_body,
    revision_body,
)
from flags.editing.recreating import edit_that_recreates
from flags.evaluation import explain
from flags.models import FlagState, RevisionItem
from flags.querysets import history_of, search_states, state_named
from flagsite.lib.pages import page_of
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.strict import read_body, read_query


def _answer(state: FlagState, status: int = 200) -> Response:
    return Response(flag_body(state), status=status, headers={"ETag": etag_of(state.version)})


class FlagListView(APIView):
    """All flags of a project, with their state in one environment."""

    @extend_schema(operation_id="list_flags", parameters=[ListQuery], responses=FlagPage)
    def get(self, request: Request) -> Response:
        """List flags by key, a page at a time."""
        query = read_query(ListQuery, request.query_params)
        rows = search_states(
            scope_of(request).environment,
            search=query.get("search", ""),
            tag=query.get("tag", ""),
        )
        return page_of(StatePages, rows, request, flag_body)

    @extend_schema(operation_id="create_flag", parameters=[ScopeQuery], request=NewFlag, responses={201: FlagBody})
    def post(self, request: Request) -> Response:
        """Create a flag in every environment of the project."""
        read_query(ScopeQuery, request.query_params)
        fields = read_body(NewFlag, request.data)
        scope = scope_of(request)
        state = services.create_flag(
            project=scope.project,
            environment=scope.environment,
            key=fields.pop("key"),
            comment=fields.pop("comment", ""),
            fields=fields,  # type: ignore[arg-type]  # the serializer's fields are the TypedDict's
            by=actor_of(request),
        )
        return _answer(state, status=201)


class FlagView(APIView):
    """One flag, with its state in one environment."""

    @extend_schema(operation_id="get_flag", parameters=[ScopeQuery], responses=FlagBody)
    def get(self, request: Request, key: str) -> Response:
        """Return the flag."""
        read_query(ScopeQuery, request.query_params)
        return _answer(state_named(key, environment=scope_of(request).environment))

    @extend_schema(operation_id="update_flag", parameters=[ScopeQuery], request=FlagChange, responses=FlagBody)
    def patch(self, request: Request, key: str) -> Response:
        """Change the fields that are sent; every SDK of the environment learns of it at once."""
        read_query(ScopeQuery, request.query_params)
        fields = read_body(FlagChange, request.data)
        scope = scope_of(request)
        state = services.update_flag(
            project=scope.project,
            environment=scope.environment,
            key=key,
            comment=fields.pop("comment", ""),
            fields=fields,  # type: ignore[arg-type]  # the serializer's fields are the TypedDict's
            if_version=version_wanted(request),
            by=actor_of(request),
        )
        return _answer(state)

    @extend_schema(operation_id="delete_flag", parameters=[DeleteQuery], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Delete the flag from every environment."""
        query = read_query(DeleteQuery, request.query_params)
        scope = scope_of(request)
        services.delete_flag(
            project=scope.project,
            environment=scope.environment,
            key=key,
            if_version=version_wanted(request),
            by=actor_of(request),
            comment=query.get("comment", ""),
        )
        return Response(status=204)


class FlagAuditView(APIView):
    """Why a user gets what they get."""

    @extend_schema(operation_id="explain_flag", parameters=[AuditQuery], responses={200: dict[str, Any]})
    def get(self, request: Request, key: str) -> Response:
        """Return the evaluation, each step on the way to it, the bucket numbers, and what is recorded of the user."""
        question = context_of_query(request.query_params)
        scope = scope_of(request)
        found = explain(scope.environment, key, question.context, at=question.at)
        recorded = recorded_of(question.context["id"], key, scope.environment, at=question.at)
        return Response({**found, "recorded_evaluations": recorded})


class FlagHistoryView(APIView):
    """What happened to a flag in an environment."""

    @extend_schema(operation_id="flag_history", parameters=[HistoryQuery], responses=HistoryPage)
    def get(self, request: Request, key: str) -> Response:
        """List the flag's revisions, the newest first; a deleted flag still has its history."""
        read_query(HistoryQuery, request.query_params)
        rows = history_of(key, environment=scope_of(request).environment)
        return page_of(HistoryPages, rows, request, revision_body)


class SegmentHistoryView(APIView):
    """What happened to a segment; here, because revisions are the flags app's."""

    @extend_schema(operation_id="segment_history", parameters=[HistoryQuery], responses=SegmentHistoryPage)
    def get(self, request: Request, key: str) -> Response:
        """List the segment's revisions in an environment, the newest first; a deleted one still has its history."""
        read_query(HistoryQuery, request.query_params)
        rows = history_of(key, environment=scope_of(request).environment, kind=RevisionItem.Kind.SEGMENT)
        return page_of(HistoryPages, rows, request, revision_body)


class FlagRestoreView(APIView):
    """Bringing an earlier state back."""

    @extend_schema(operation_id="restore_flag", parameters=[ScopeQuery], request=RestoreRequest, responses=FlagBody)
    def post(self, request: Request, key: str) -> Response:
        """Give the flag the state that it had at a revision, as a new revision."""
        read_query(ScopeQuery, request.query_params)
        body = read_body(RestoreRequest, request.data)
        scope = scope_of(request)
        state = services.restore_flag(
            project=scope.project,
            environment=scope.environment,
            key=key,
            if_version=version_wanted(request),
            by=actor_of(request),
            **body,
        )
        return _answer(state)


class FlagRecreateView(APIView):
    """Bringing a deleted flag back."""

    @extend_schema(operation_id="recreate_flag", parameters=[ScopeQuery], request=Said, responses={201: FlagBody})
    def post(self, request: Request, key: str) -> Response:
        """Create a deleted flag as it was last in every environment, salt and variations included."""
        read_query(ScopeQuery, request.query_params)
        body = read_body(Said, request.data)
        scope = scope_of(request)
        edit = edit_that_recreates(key, project=scope.project)
        services.recreate_flag(project=scope.project, edit=edit, by=actor_of(request), **body)
        return _answer(state_named(key, environment=scope.environment), status=201)


class FlagTurnOffView(APIView):
    """Turning a flag off in an emergency."""

    @extend_schema(operation_id="turn_off_flag", parameters=[ScopeQuery], request=TurnOffRequest, responses=FlagBody)
    def post(self, request: Request, key: str) -> Response:
        """Serve everybody the off variation at once, also where changes need an approval; the history marks it."""
        read_query(ScopeQuery, request.query_params)
        body = read_body(TurnOffRequest, request.data)
        scope = scope_of(request)
        state = services.turn_off_flag(
            project=scope.project, environment=scope.environment, key=key, by=actor_of(request), **body
        )
        return _answer(state)
