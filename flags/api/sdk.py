"""What SDKs ask for and report, with a server key: the configuration, evaluations, and their reports."""

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import HoldsServerKey
from accounts.api.scope import environment_of_key
from flags import evaluation
from flags.api.evaluations import answer_of_all, answer_of_one
from flags.api.reports import ReportParser, report_of
from flags.api.serializers import ConfigQuery, EvaluationBody, EvaluationRequest, EvaluationsBody
from flags.services import receive_report
from flags.snapshots import Update, snapshot_of
from flagsite.lib.preconditions import accepts_gzip, is_held
from flagsite.lib.strict import read_body, read_query


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
        snapshot = snapshot_of(environment_of_key(request))
        held = f'"{snapshot.revision}"'
        if is_held(request, held):
            return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": held})
        return _bytes(snapshot.since(since) if since else snapshot.whole(), request)


def _bytes(update: Update, request: Request) -> HttpResponse:
    """Answer with bytes that were encoded and compressed once for everybody."""
    headers = {
        "ETag": f'"{update.revision}"',
        "Vary": "Accept-Encoding",
        "Cache-Control": "private, no-cache",
    }
    body = update.body
    if update.compressed is not None and accepts_gzip(request):
        body, headers["Content-Encoding"] = update.compressed, "gzip"
    return HttpResponse(body, content_type="application/json", headers=headers)


_ANSWER: Final = PolymorphicProxySerializer(
    component_name="EvaluationAnswer",
    serializers=[EvaluationBody, EvaluationsBody],
    resource_type_field_name=None,
)


class EvaluateView(APIView):
    """Deciding flags on the server."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(operation_id="evaluate", request=EvaluationRequest, responses=_ANSWER)
    def post(self, request: Request) -> Response:
        """Decide one flag for a context or, without `flag_key`, all of them."""
        body = read_body(EvaluationRequest, request.data)
        environment, context = environment_of_key(request), evaluation.checked_context(body["context"])
        if "flag_key" not in body:
            return Response(answer_of_all(evaluation.evaluate_all(environment, context), environment))
        return Response(answer_of_one(body["flag_key"], evaluation.evaluate(environment, body["flag_key"], context)))


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
