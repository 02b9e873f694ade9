"""What SDKs ask for and report, with a server key: the configuration, evaluations, and their reports."""

from http import HTTPStatus
from typing import Any, Final

import structlog
from django.http import HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import HoldsServerKey
from accounts.api.scope import environment_of_key
from accounts.models import ServerKey
from flags import evaluation, metrics, recording
from flags.api import replies
from flags.api.reports import ReportParser, report_of
from flags.api.serializers import ConfigQuery, EvaluationBody, EvaluationRequest, EvaluationsBody
from flags.services import receive_report
from flags.snapshots import snapshot_of
from flagsite.lib.problems import InvalidInput, NotSignedIn
from flagsite.lib.strict import read_body, read_query

log = structlog.get_logger(__name__)


class ConfigView(APIView):
    """The environment's whole configuration, or what changed since a revision."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(
        operation_id="sdk_config",
        parameters=[ConfigQuery],
        responses={200: dict[str, Any], 304: None},
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the snapshot, a delta to a revision that is held, or 304 when nothing is new."""
        since = read_query(ConfigQuery, request.query_params).get("since", 0)
        environment = environment_of_key(request)
        snapshot = snapshot_of(environment)
        header = request.headers.get
        who = {"user_agent": header("User-Agent", ""), "instance": header("Flagsite-Instance", "")}
        recording.note_poll(environment, **who, revision=snapshot.revision)
        return replies.configuration(
            snapshot,
            since=since,
            if_none_match=header("If-None-Match", ""),
            accept_encoding=header("Accept-Encoding", ""),
        ).response()


_ANSWER: Final = PolymorphicProxySerializer(
    component_name="EvaluationAnswer",
    serializers=[EvaluationBody, EvaluationsBody],
    resource_type_field_name=None,
)


class EvaluateView(APIView):
    """Deciding flags on the server."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(operation_id="evaluate", request=EvaluationRequest, responses=_ANSWER)
    def post(self, request: Request) -> HttpResponse:
        """Decide one flag for a context or, without `flag_key`, all of them."""
        body = read_body(EvaluationRequest, request.data)
        environment = environment_of_key(request)
        try:
            context = evaluation.checked_context(body["context"])
        except InvalidInput:
            evaluation.note_invalid(environment, body.get("flag_key"))
            raise
        if "flag_key" not in body:
            return replies.evaluations(evaluation.evaluate_all(environment, context), environment).response()
        return replies.evaluation(evaluation.evaluate(environment, body["flag_key"], context)).response()


class EventsView(APIView):
    """What SDKs report: counts of evaluations, and events."""

    permission_classes = (HoldsServerKey,)
    parser_classes = (ReportParser,)

    @extend_schema(operation_id="sdk_events", request=dict[str, Any], responses={202: None})
    def post(self, request: Request) -> Response:
        """Take a batch; the same batch sent again is counted once."""
        body: Any = request.data or b""  # bytes, from the view's parser; DRF does not ask it for an empty body
        receive_report(environment_of_key(request), report_of(body))
        return Response(status=202)

    def handle_exception(self, exc: Exception) -> Response:
        """Count and log a batch that is refused: its sender may be the only one who knows, and give it up silently.

        Only where it is known whose it was; who has no key for it reports nothing.
        """
        answer = super().handle_exception(exc)
        key = None if isinstance(exc, NotSignedIn) else self.request.auth  # to ask for it again would raise it again
        is_report = self.request.method == "POST" and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        if isinstance(key, ServerKey) and is_report:
            place = metrics.Place.of(key.environment)
            metrics.report_refused(place, status=answer.status_code)
            path = exc.errors[0].path if isinstance(exc, InvalidInput) and exc.errors else ""
            log.warning("report_refused", **place._asdict(), status=answer.status_code, path=path)
        return answer
