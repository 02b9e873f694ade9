"""OpenFeature remote evaluation (OFREP 0.3): the field's own protocol, for clients that have no Flagsite SDK.

Its context names the id `targetingKey`; a context without one is anonymous (docs/reference/context.md).
"""

import hashlib
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from flagsite_sdk.engine.result import OPENFEATURE_REASONS, ErrorCode, Evaluation
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import HoldsServerKey
from accounts.api.scope import environment_of_key
from flags import evaluation
from flags.snapshots import snapshot_of
from flagsite.lib.preconditions import is_held
from flagsite.lib.problems import InvalidInput, Refusal, TooLarge


class OfrepFlagView(APIView):
    """One flag."""

    permission_classes = (HoldsServerKey,)

    @extend_schema(operation_id="ofrep_flag", request=dict[str, Any], responses={200: dict[str, Any]})
    def post(self, request: Request, key: str) -> Response:
        """Decide one flag for the context."""
        try:
            context = _context(request)
        except Refusal as refusal:
            return Response({"key": key, **_invalid(refusal)}, status=refusal.status)
        found = evaluation.evaluate(environment_of_key(request), key, context)
        return Response(_result(key, found), status=_status(found))


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
        found = evaluation.evaluate_all(environment, context)
        body = orjson.dumps(
            {
                "flags": [_result(key, each) for key, each in found.items()],
                "metadata": {"revision": snapshot_of(environment).revision},
            },
        )
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if is_held(request, etag):
            return HttpResponse(status=304, headers={"ETag": etag})
        return HttpResponse(body, content_type="application/json", headers={"ETag": etag})


class _Unreadable(Refusal):
    """The body is not JSON, or no object: problem documents are not what an OFREP client can read."""


def _context(request: Request) -> dict[str, Any]:
    try:
        body = request.data
    except ParseError as error:
        raise _Unreadable(str(error.detail)) from None
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


def _result(key: str, found: Evaluation) -> dict[str, Any]:
    if found.error_code is not None:
        code = {ErrorCode.FLAG_NOT_FOUND: "FLAG_NOT_FOUND", ErrorCode.INVALID_CONTEXT: "INVALID_CONTEXT"}
        error = found.error or "The flag cannot be decided."
        return {"key": key, "errorCode": code.get(found.error_code, "PARSE_ERROR"), "errorDetails": error}
    metadata = {"reason": found.reason.value, "revision": found.revision}
    if found.rule is not None:
        metadata["rule"] = found.rule
    return {
        "key": key,
        "value": found.value,
        "variant": found.variation,
        "reason": OPENFEATURE_REASONS[found.reason],
        "metadata": metadata,
    }


def _status(found: Evaluation) -> int:
    if found.error_code is None:
        return 200
    return 404 if found.error_code is ErrorCode.FLAG_NOT_FOUND else 400
