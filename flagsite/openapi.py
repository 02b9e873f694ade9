"""What /openapi.json says of the whole API: its name, and how any request may be refused.

Views describe what they take and give. Refusals are the same everywhere (`flagsite.lib.problems`), so they stand here.
"""

from http import HTTPStatus
from typing import Any, Final

from flagsite.lib.problems import CONTENT_TYPE

SPECTACULAR_SETTINGS: Final = {
    "TITLE": "Flagsite",
    "DESCRIPTION": "Feature flags: configuration, evaluation, and what SDKs download and report.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "flagsite.openapi.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {"ChangeRequestStatusEnum": "flags.models.ChangeRequest.Status"},
    "SWAGGER_UI_DIST": "SIDECAR",  # from our own origin; nothing is loaded from outside
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True},
}

_TEXT: Final = {"type": "string"}
_PROBLEM: Final = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "additionalProperties": False,
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {**_TEXT, "description": "Stable; for programs."},
        "detail": {**_TEXT, "description": "For people."},
        "errors": {
            "type": "array",
            "description": "Each place that is wrong.",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "additionalProperties": False,
                "properties": {"path": _TEXT, "message": _TEXT},
            },
        },
    },
}
_OFREP_FAILURE: Final = {
    "type": "object",
    "description": "Why a flag has no value, as OpenFeature's remote evaluation says it.",
    "required": ["errorCode", "errorDetails"],
    "additionalProperties": False,
    "properties": {"key": _TEXT, "errorCode": _TEXT, "errorDetails": _TEXT},
}

_ALWAYS: Final = {
    HTTPStatus.BAD_REQUEST: "Something in the request is wrong; `errors` names each place.",
    HTTPStatus.UNAUTHORIZED: "There is no key, or none that is in force.",
    HTTPStatus.FORBIDDEN: "The key is of the other kind, or its person may not do this.",
    HTTPStatus.NOT_FOUND: "It does not exist, or you may not know that it does.",
    HTTPStatus.NOT_ACCEPTABLE: "Something else than JSON is asked for.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests with this key; `Retry-After` says when to ask again.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something that is needed does not answer; nothing has been changed.",
}
_OF_BODIES: Final = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "It is over a limit; `detail` says which.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is something else than JSON.",
}
_OF_CHANGES: Final = {
    HTTPStatus.CONFLICT: "It does not go together with what is there.",
    HTTPStatus.PRECONDITION_FAILED: "Somebody else changed it since the version of `If-Match`.",
}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to every operation with what it may be refused. A hook of drf-spectacular."""
    result["components"]["schemas"] |= {"Problem": _PROBLEM, "OfrepFailure": _OFREP_FAILURE}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status, meaning in _refusals(path, method).items():
                operation["responses"].setdefault(str(int(status)), _response(path, status, meaning))
    return result


def _refusals(path: str, method: str) -> dict[HTTPStatus, str]:
    found = dict(_ALWAYS)
    if method in {"post", "put", "patch"}:
        found |= _OF_BODIES
    if method != "get" and not path.startswith(("/evaluate", "/ofrep/", "/sdk/")):
        found |= _OF_CHANGES
    return found


def _response(path: str, status: HTTPStatus, meaning: str) -> dict[str, Any]:
    content: dict[str, Any] = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    says_so_itself = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    if path.startswith("/ofrep/") and status in says_so_itself:
        content["application/json"] = {"schema": {"$ref": "#/components/schemas/OfrepFailure"}}
    return {"description": meaning, "content": content}
