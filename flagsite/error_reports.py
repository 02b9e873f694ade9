"""What an error report to Sentry may hold: where something failed and by which kind of error, never for whom.

An event is made anew from what is named here; whatever else a version of the SDK adds stays out. The words of an error
are left out as well, because they may quote what could not be handled: an attribute, an id, a row of the database. Of a
log line its name is kept (`catch_up_failed`), of a stranger's, which may have its facts in the text, only its logger.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_EVENT: Final = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "server_name")
_EVENT_ALSO: Final = ("transaction", "transaction_info", "sdk", "modules", "type")
_MECHANISM: Final = ("type", "handled")
_FRAME: Final = ("filename", "abs_path", "function", "module", "lineno", "in_app")
_SOURCE: Final = ("pre_context", "context_line", "post_context")
_TRACE: Final = ("trace_id", "span_id", "parent_span_id", "op", "status")
_CRUMB: Final = ("type", "category", "level", "timestamp")

Json = dict[str, Any]


def options(dsn: str) -> Json:
    """Return the arguments of `sentry_sdk.init`."""
    return {
        "dsn": dsn,
        "send_default_pii": False,
        "max_request_body_size": "never",
        "include_local_variables": False,
        "auto_session_tracking": False,
        "before_send": scrubbed_event,
        "before_breadcrumb": scrubbed_crumb,
        "before_send_transaction": lambda event, hint: None,  # noqa: ARG005 - traces go elsewhere
    }


def scrubbed_event(event: Json, hint: Json) -> Json:
    """Return what may be sent of an event."""
    scrubbed = _only(event, (*_EVENT, *_EVENT_ALSO))
    if "exception" in event:
        scrubbed["exception"] = {"values": [_exception(each) for each in _values(event["exception"])]}
    if "log_record" in hint:
        scrubbed["logentry"] = {"message": _name_of(hint["log_record"])}
    if event.get("request"):
        scrubbed["request"] = _request(event["request"])
    contexts = event.get("contexts") or {}
    scrubbed["contexts"] = _only(contexts, ("runtime", "os")) | {"trace": _only(contexts.get("trace") or {}, _TRACE)}
    scrubbed["breadcrumbs"] = {"values": [_only(crumb, (*_CRUMB, "message")) for crumb in _crumbs(event)]}
    return scrubbed


def scrubbed_crumb(crumb: Json, hint: Json) -> Json:
    """Return what may be kept of a step on the way to an error."""
    scrubbed = _only(crumb, _CRUMB)
    if "log_record" in hint:
        scrubbed["message"] = _name_of(hint["log_record"])
    return scrubbed


def _only(whole: Mapping[str, Any], names: Iterable[str]) -> Json:
    return {name: whole[name] for name in names if name in whole}


def _values(listed: Any) -> list[Json]:
    return list(listed["values"] if isinstance(listed, Mapping) else listed)


def _crumbs(event: Json) -> list[Json]:
    """Return the steps; `scrubbed_crumb` has seen them, so that what they say is safe."""
    return _values(event.get("breadcrumbs") or [])


def _exception(exception: Json) -> Json:
    scrubbed = _only(exception, ("type", "module"))
    if exception.get("mechanism"):
        scrubbed["mechanism"] = _only(exception["mechanism"], _MECHANISM)
    frames = (exception.get("stacktrace") or {}).get("frames") or []
    scrubbed["stacktrace"] = {"frames": [_only(frame, (*_FRAME, *_SOURCE)) for frame in frames]}
    return scrubbed


def _request(request: Json) -> Json:
    address = urlsplit(request.get("url", ""))
    return {"method": request.get("method"), "url": address._replace(query="", fragment="").geturl()}


def _name_of(record: logging.LogRecord) -> str:
    """Return what a log line is called: structlog's lines carry their facts beside their name, others inside."""
    if isinstance(record.msg, Mapping):
        return str(record.msg.get("event", record.name))
    return record.name
