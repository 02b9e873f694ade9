"""How log lines look: one JSON object a line in production, readable columns on a developer's terminal."""

import logging
from typing import Any

import orjson
import structlog

from flagsite.lib import tracing
from flagsite.lib.ready_lines import ReadyLine
from flagsite.tracebacks import without_words


def _add_trace(logger: Any, method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    """Say in which trace the line was written, when there is one."""
    del logger, method
    line.update(tracing.names())
    return line


_SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    _add_trace,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Lines(structlog.stdlib.ProcessorFormatter):
    """Structlog's formatter, for lines that are ready as well."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        if not isinstance(record, ReadyLine):
            return super().format(record)
        if isinstance(self.processors[-1], structlog.processors.JSONRenderer):
            return record.line.decode()
        return "\n".join(
            str(self.processors[-1](None, "info", orjson.loads(line))) for line in record.line.splitlines()
        )


def logging_configuration(*, level: str, as_json: bool) -> dict[str, Any]:
    """Configure structlog and return the matching value of Django's `LOGGING`."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            without_words,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": Lines,
                "processor": renderer,
                "foreign_pre_chain": [*_SHARED, without_words],
            },
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": []},  # its own would write tracebacks to the terminal, and mail them, in their words
            "uvicorn": {"handlers": [], "propagate": True},  # likewise; so all lines of the process look alike
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            "uvicorn.access": {"level": "WARNING"},  # django-structlog already writes a line a request
            "httpx": {"level": "WARNING"},
            "celery.app.trace": {
                "level": "WARNING"
            },  # three lines for each task, of which beat sends one every few seconds
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
