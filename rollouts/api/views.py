"""Rollouts over REST, for people's tokens."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.scope import scope_of
from flags.api.serializers import FlagBody, ScopeQuery, flag_body
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.strict import read_body, read_query
from rollouts.api.serializers import RolloutChange
from rollouts.services import set_rollout_percentage


class RolloutView(APIView):
    """The share of contexts that a flag's default rule lets in."""

    @extend_schema(operation_id="set_rollout", parameters=[ScopeQuery], request=RolloutChange, responses=FlagBody)
    def post(self, request: Request, key: str) -> Response:
        """Set the rollout percentage; the history says who, when, from what to what, and why."""
        read_query(ScopeQuery, request.query_params)
        body = read_body(RolloutChange, request.data)
        scope = scope_of(request)
        state = set_rollout_percentage(
            project=scope.project,
            environment=scope.environment,
            key=key,
            if_version=version_wanted(request),
            by=actor_of(request),
            **body,
        )
        return Response(flag_body(state), headers={"ETag": etag_of(state.version)})
