"""Recorded evaluations by the REST API: who got which variation of a flag."""

from datetime import datetime
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from flagsite_sdk.engine.result import Reason
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.scope import Scope, scope_of
from accounts.models import Environment
from flags.api.questions import moment_in
from flags.api.serializers import ScopeQuery
from flags.limits import MAX_AUDITED_EVALUATIONS
from flags.querysets import state_named
from flags.recording.questions import Asked, evaluation_body, evaluations_of
from flagsite.lib.digits import number_of
from flagsite.lib.moments import moment_of
from flagsite.lib.pages import KeyPages, page_of
from flagsite.lib.strict import Text, read_query

_REASONS: Final = [reason.value for reason in Reason]


class EvaluationsQuery(ScopeQuery):
    """Which evaluations of a flag."""

    since = Text(required=False, help_text="From when on: RFC 3339, a date, or so long ago (90s, 1h, 7d).")
    until = Text(required=False, help_text="Before when, likewise.")
    user_id = Text(required=False, allow_blank=True, help_text="The context's id; empty for the anonymous.")
    variation = Text(required=False, help_text="Key of the variation that was served.")
    reason = serializers.ChoiceField(required=False, choices=_REASONS, help_text="Why it was served.")
    rule = Text(required=False, help_text="Id of the rule that decided.")
    cursor = Text(required=False)
    page_size = Text(required=False)


class RecordedEvaluationBody(serializers.Serializer[Any]):
    """One evaluation, as it was recorded; empty texts where there was none."""

    time = serializers.DateTimeField(help_text="To the microsecond, in UTC.")
    context_id = serializers.CharField(help_text="The context's id, or its hash where the project keeps only those.")
    variation = serializers.CharField()
    reason = serializers.CharField()
    rule = serializers.CharField()
    error_code = serializers.CharField()
    revision = serializers.IntegerField()
    attributes = serializers.DictField(help_text="Those that the project lists, by their paths.")
    source = serializers.CharField(help_text="server or sdk.")  # type: ignore[assignment]  # DRF takes it off the class


class EvaluationPage(serializers.Serializer[Any]):
    """A page of recorded evaluations, the newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RecordedEvaluationBody(many=True)


class EvaluationPages(KeyPages):
    """Recorded evaluations, the newest first."""

    order: ClassVar = {"time": moment_of, "id": number_of}
    descends = True


class FlagEvaluationsView(APIView):
    """Who got which variation of a flag, and why."""

    @extend_schema(operation_id="flag_evaluations", parameters=[EvaluationsQuery], responses=EvaluationPage)
    def get(self, request: Request, key: str) -> Response:
        """List the flag's recorded evaluations, the newest first; a deleted flag still has its own."""
        query = read_query(EvaluationsQuery, request.query_params)
        scope = scope_of(request)
        rows = evaluations_of(key, scope.environment, _asked(query))
        if not rows.exists():
            _require_flag(key, scope)
        return page_of(EvaluationPages, rows, request, lambda row: evaluation_body(row, scope.project))


def recorded_of(user_id: str, key: str, environment: Environment, *, at: datetime | None) -> list[dict[str, Any]]:
    """Return the newest recorded evaluations of a flag for a user, or for the anonymous, up to a moment."""
    rows = evaluations_of(key, environment, Asked(until=at, user_id=user_id))[:MAX_AUDITED_EVALUATIONS]
    return [evaluation_body(row, environment.project) for row in rows]


def _asked(query: dict[str, Any]) -> Asked:
    texts = {name: query.get(name, "") for name in ("variation", "reason", "rule")}
    since, until = moment_in(query, "since"), moment_in(query, "until")
    return Asked(since=since, until=until, user_id=query.get("user_id"), **texts)


def _require_flag(key: str, scope: Scope) -> None:
    """Refuse a key that there is no flag of, and of which nothing is recorded either."""
    if not evaluations_of(key, scope.environment).exists():
        state_named(key, environment=scope.environment)
