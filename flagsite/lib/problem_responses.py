"""Turning refusals, DRF's exceptions and Django's error pages into problem responses; never with a stack trace."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

from flagsite.lib.problems import (
    CONTENT_TYPE,
    InputError,
    InvalidInput,
    NotAllowed,
    NotFound,
    Refusal,
    Unavailable,
    document,
    of_refusal,
)

log = structlog.get_logger(__name__)


def plain_response(problem: Mapping[str, Any]) -> HttpResponse:
    """Return a problem as a plain Django response, for views outside of DRF."""
    return HttpResponse(orjson.dumps(problem), status=problem["status"], content_type=CONTENT_TYPE)


def exception_handler(raised: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an exception of a DRF view; None (a plain 500) for what nobody expected."""
    del context
    refusal = _as_refusal(raised)
    if refusal is None:
        return None
    set_rollback()
    response = Response(of_refusal(refusal), status=refusal.status, headers=refusal.headers)
    response.content_type = CONTENT_TYPE
    return response


def _as_refusal(raised: Exception) -> Refusal | None:
    refusal: Refusal | None = None
    match raised:
        case Refusal():
            refusal = raised
        case OperationalError():
            log.error("database_away", error=repr(raised))
            refusal = Unavailable.database()
        case Http404():
            refusal = NotFound("There is nothing here.")
        case PermissionDenied():
            refusal = NotAllowed("You may not do this.")
        case drf.ValidationError():
            refusal = InvalidInput.of(_flatten(raised.detail))
        case drf.APIException():
            refusal = _translated(raised)
    return refusal


class _Translated(Refusal):
    """A refusal by DRF itself: malformed JSON, an unknown method, a media type."""


def _translated(raised: drf.APIException) -> Refusal:
    refusal = _Translated(str(raised.detail))
    code = raised.get_codes()
    refusal.status = raised.status_code  # type: ignore[misc]  # DRF's exceptions carry it per instance
    refusal.code = code.upper() if isinstance(code, str) else "REFUSED"  # type: ignore[misc]  # likewise
    return refusal


def _flatten(detail: Any, path: str = "") -> Iterable[InputError]:
    """Turn DRF's nested error lists into paths such as `steps[0].percentage`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flatten(inner, _below(path, name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flatten(inner, f"{path}[{index}]" if nested else path)
    else:
        yield InputError(path, str(detail))


def _below(path: str, name: str | int) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):  # where DRF reports on the items of a list
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400: a host that is not ours, a header or a body that cannot be read."""
    del request, exception
    return plain_response(document(status=400, code="BAD_REQUEST", detail="The request cannot be understood."))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404 for addresses that lead nowhere."""
    del exception
    return plain_response(document(status=404, code="NOT_FOUND", detail=f"There is nothing at {request.path}."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500: says that something went wrong here, and nothing about what."""
    del request
    return plain_response(
        document(status=500, code="SERVER_ERROR", detail="Something went wrong on the server; it has been logged."),
    )
