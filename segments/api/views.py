"""Segments over REST, for people's tokens. Shape only: what a change means is decided by the services."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import ProjectQuery
from accounts.api.scope import project_of
from flagsite.lib.pages import KeyPages, page_of
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.strict import read_body, read_query
from segments import services
from segments.api.serializers import (
    DeleteQuery,
    ListQuery,
    NewSegment,
    SegmentBody,
    SegmentChange,
    SegmentPage,
    fields_of,
    segment_body,
)
from segments.models import Segment
from segments.querysets import segment_named, segments_of


def _answer(segment: Segment, status: int = 200) -> Response:
    return Response(segment_body(segment), status=status, headers={"ETag": etag_of(segment.version)})


class SegmentListView(APIView):
    """All segments of a project."""

    @extend_schema(operation_id="list_segments", parameters=[ListQuery], responses=SegmentPage)
    def get(self, request: Request) -> Response:
        """List segments by key, a page at a time."""
        query = read_query(ListQuery, request.query_params)
        rows = segments_of(project_of(request), search=query.get("search", ""))
        return page_of(KeyPages, rows.select_related("project"), request, segment_body)

    @extend_schema(
        operation_id="create_segment",
        parameters=[ProjectQuery],
        request=NewSegment,
        responses={201: SegmentBody},
    )
    def post(self, request: Request) -> Response:
        """Create a segment."""
        read_query(ProjectQuery, request.query_params)
        body = read_body(NewSegment, request.data)
        segment = services.create_segment(
            project=project_of(request),
            key=body.pop("key"),
            comment=body.pop("comment", ""),
            fields=fields_of(body),
            by=actor_of(request),
        )
        return _answer(segment, status=201)


class SegmentView(APIView):
    """One segment."""

    @extend_schema(operation_id="get_segment", parameters=[ProjectQuery], responses=SegmentBody)
    def get(self, request: Request, key: str) -> Response:
        """Return the segment."""
        read_query(ProjectQuery, request.query_params)
        return _answer(segment_named(key, project=project_of(request)))

    @extend_schema(
        operation_id="update_segment",
        parameters=[ProjectQuery],
        request=SegmentChange,
        responses=SegmentBody,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change the fields that are sent, in every environment at once."""
        read_query(ProjectQuery, request.query_params)
        body = read_body(SegmentChange, request.data)
        segment = services.update_segment(
            project=project_of(request),
            key=key,
            comment=body.pop("comment", ""),
            fields=fields_of(body),
            if_version=version_wanted(request),
            by=actor_of(request),
        )
        return _answer(segment)

    @extend_schema(operation_id="delete_segment", parameters=[DeleteQuery], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Delete a segment that nothing uses."""
        query = read_query(DeleteQuery, request.query_params)
        services.delete_segment(
            project=project_of(request),
            key=key,
            if_version=version_wanted(request),
            by=actor_of(request),
            comment=query.get("comment", ""),
        )
        return Response(status=204)
