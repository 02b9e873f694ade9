"""OpenFeature remote evaluation (OFREP 0.3): the field's own protocol, for clients that have no Flagsite SDK.

Its context names the id `targetingKey`; a context without one is anonymous (docs/reference/context.md).
"""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import HoldsServerKey
from accounts.api.scope import environment_of_key
from flags import evaluation
from flags.api import replies
from flagsite.lib.problems import InvalidInput, Refusal, TooLarge


class OfrepFlagView(APIView):
    """One flag."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(operation_id="ofrep_flag", request=dict[str, Any], responses={200: dict[str, Any]})
    def post(self, request: Request, key: str) -> HttpResponse:
        """Decide one flag for the context."""
        try:
            context = _context(request, key)
        except Refusal as refusal:
            return Response({"key": key, **_invalid(refusal)}, status=refusal.status)
        answer = evaluation.evaluate(environment_of_key(request), key, context)
        return replies.ofrep_evaluation(answer).response()


class OfrepFlagsView(APIView):
    """All flags, for clients that evaluate at once and cache."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(operation_id="ofrep_flags", request=dict[str, Any], responses={200: dict[str, Any], 304: None})
    def post(self, request: Request) -> HttpResponse:
        """Decide every flag for the context; 304 when that is what the client holds already."""
        try:
            context = _context(request)
        except Refusal as refusal:
            return Response(_invalid(refusal), status=refusal.status)
        environment = environment_of_key(request)
        return replies.ofrep_evaluations(
            evaluation.evaluate_all(environment, context),
            environment,
            if_none_match=request.headers.get("If-None-Match", ""),
        ).response()


class _Unreadable(Refusal):
    """The body is not JSON, or no object: problem documents are not what an OFREP client can read."""


def _context(request: Request, key: str | None = None) -> dict[str, Any]:
    """Return the request's context; that it cannot be used is counted of the flag, or of all where none is named."""
    try:
        return context_of(request.data)
    except ParseError as error:
        raise _Unreadable(str(error.detail)) from None
    except InvalidInput:
        evaluation.note_invalid(environment_of_key(request), key)
        raise


def context_of(body: Any) -> dict[str, Any]:
    """Return the context of a request's body, as the engine takes it.

    Raises:
        Refusal: when it cannot be used, with what an OFREP client is to be told.
    """
    if not isinstance(body, dict):
        raise _Unreadable("The body is a JSON object.")
    given = body.get("context")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise InvalidInput.at("context", "A context is an object.")
    context = {name: value for name, value in given.items() if name != "targetingKey"}
    targeting_key = given.get("targetingKey", context.get("id", ""))
    return dict(evaluation.checked_context(context | {"id": targeting_key}))


def _invalid(refusal: Refusal) -> dict[str, Any]:
    codes: dict[type[Refusal], str] = {TooLarge: "GENERAL", _Unreadable: "PARSE_ERROR"}
    code = codes.get(type(refusal), "INVALID_CONTEXT")
    return {"errorCode": code, "errorDetails": refusal.detail}
