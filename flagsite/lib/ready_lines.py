"""Log lines that are written out already: for what is logged so often that making a line must cost next to nothing.

The line is a JSON object. `flagsite.logs` passes it on as it is, or takes it apart for a terminal.
"""

import logging
from contextvars import ContextVar
from typing import Any, Final

import orjson
import structlog

from flagsite.lib import tracing

request: Final[ContextVar[dict[str, Any]]] = ContextVar("request", default={})  # noqa: B039 - it is never changed
"""What is known of a request that does not pass Django's middlewares, which say it to structlog."""


class ReadyLine(logging.LogRecord):
    """A record whose line is there already; its message is only its name."""

    line: bytes


def write(logger: logging.Logger, event: str, facts: dict[str, Any], more: bytes = b"") -> None:
    """Write a line of the level INFO, with what is known of the request and the trace.

    Args:
        logger: Which is named in it.
        event: What it is called.
        facts: Its members, all of them JSON.
        more: Further members, as encoded JSON without braces.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    facts |= {"event": event, **(request.get() or structlog.contextvars.get_contextvars()), **tracing.names()}
    facts |= {"logger": logger.name, "level": "info"}
    record = ReadyLine(logger.name, logging.INFO, "", 0, event, None, None)
    record.line = orjson.dumps(facts)
    if more:
        record.line = record.line[:-1] + b"," + more + b"}"
    logger.handle(record)
