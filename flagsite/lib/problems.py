"""What a refused request gets: RFC 9457 `application/problem+json`, with a stable `code`.

    Refusal                     400  REFUSED            the request was understood and cannot be done
    ├── InvalidInput            400  INVALID            each place that is wrong, with its reason
    ├── NotSignedIn             401  NOT_AUTHENTICATED
    ├── NotAllowed              403  NOT_ALLOWED
    ├── NotFound                404  NOT_FOUND
    ├── Conflict                409  CONFLICT
    ├── StaleVersion            412  STALE_VERSION
    └── TooLarge                413  TOO_LARGE

Apps raise these, or subclasses with a code of their own, from their services; admin and API both understand them.
This module turns them into responses. It never shows a stack trace.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class InputError:
    """One place in the input that is wrong: `rules[0].if.value`, and why, in a sentence."""

    path: str
    message: str


class Refusal(Exception):
    """A request that was understood and cannot be done; nothing has been changed."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "REFUSED"

    def __init__(self, detail: str, *, errors: Iterable[InputError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidInput(Refusal):
    """The input is wrong in the places that `errors` names."""

    code = "INVALID"

    @classmethod
    def at(cls, path: str, message: str) -> "InvalidInput":
        """Return the refusal of one place."""
        return cls.of([InputError(path, message)])

    @classmethod
    def of(cls, errors: Iterable[InputError]) -> "InvalidInput":
        """Return the refusal of several places."""
        listed = tuple(errors)
        first = listed[0]
        more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
        where = f"{first.path}: " if first.path else ""
        return cls(f"{where}{first.message}{more}", errors=listed)


class NotSignedIn(Refusal):
    """There is no key, or none that is in force."""

    status = 401
    code = "NOT_AUTHENTICATED"


class NotAllowed(Refusal):
    """The one who asks is known and may not do this."""

    status = 403
    code = "NOT_ALLOWED"


class NotFound(Refusal):
    """It does not exist, or the one who asks may not know that it does."""

    status = 404
    code = "NOT_FOUND"


class Conflict(Refusal):
    """It does not go together with what is there."""

    status = 409
    code = "CONFLICT"


class StaleVersion(Refusal):
    """Somebody else changed it since the version that the caller saw."""

    status = 412
    code = "STALE_VERSION"


class TooLarge(Refusal):
    """The input is over a limit; the message says which."""

    status = 413
    code = "TOO_LARGE"


def document(*, status: int, code: str, detail: str, errors: Iterable[InputError] = ()) -> dict[str, Any]:
    """Return the problem as RFC 9457 members plus `code` and, when there are any, `errors`."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    listed = [{"path": error.path, "message": error.message} for error in errors]
    return problem | ({"errors": listed} if listed else {})


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    """Return the problem document of a refusal."""
    return document(status=refusal.status, code=refusal.code, detail=refusal.detail, errors=refusal.errors)


def plain_response(problem: Mapping[str, Any]) -> HttpResponse:
    """Return a problem as a plain Django response, for views outside of DRF."""
    return HttpResponse(orjson.dumps(problem), status=problem["status"], content_type=CONTENT_TYPE)


def exception_handler(raised: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an exception of a DRF view; None (a plain 500) for what nobody expected."""
    refusal = _as_refusal(raised)
    if refusal is None:
        return None
    set_rollback()
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == HTTPStatus.UNAUTHORIZED else {}
    response = Response(of_refusal(refusal), status=refusal.status, headers=headers)
    response.content_type = CONTENT_TYPE
    return response


def _as_refusal(raised: Exception) -> Refusal | None:
    match raised:
        case Refusal():
            return raised
        case Http404():
            return NotFound("There is nothing here.")
        case PermissionDenied():
            return NotAllowed("You may not do this.")
        case drf.ValidationError():
            return InvalidInput.of(_flatten(raised.detail))
        case drf.APIException():
            return _translated(raised)
        case _:
            return None


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
            own = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from _flatten(inner, own)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flatten(inner, f"{path}[{index}]" if nested else path)
    else:
        yield InputError(path, str(detail))


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
