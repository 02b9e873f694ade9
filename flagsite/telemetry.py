"""OpenTelemetry, when the operator has switched it on: which spans there are, what of them leaves, and where it goes.

Imported by nobody while tracing is off. What it exports is on a list: whatever an instrumentation, ours or a
published one, writes into a span beside that stays in the process. So no attribute of a context leaves, by whatever
road it got into a span: an address (`/audit?attr.country=US`), the message of an error, a header.
"""

import atexit
from collections.abc import Sequence
from multiprocessing.util import Finalize
from typing import Any, Final

from celery.signals import worker_process_shutdown
from django.conf import settings
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import Attributes, AttributeValue

from flagsite.lib import tracing

LAST_WORDS_SECONDS: Final = 2.0
"""How long a process that ends waits for its collector."""

UNTRACED: Final = "^https?://[^/]+/(healthz|readyz|metrics|favicon.ico|static/)"
"""Addresses that are asked for all the time and tell nothing."""

EXPORTED: Final = frozenset(
    {
        "celery.action",
        "celery.state",
        "celery.task_name",
        "error.type",
        "exception.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.destination.name",
        "messaging.message.id",
        "network.protocol.version",
        "server.address",
        "server.port",
        "url.scheme",
    },
)
"""Attributes of spans and events that leave the process, beside those of the two prefixes."""

PREFIXES: Final = ("feature_flag.", "flagsite.")


class Discreet(SpanExporter):
    """Hands spans on with nothing in them but what is on the list."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export what is left of the spans."""
        return self._exporter.export([_listed(span) for span in spans])

    def shutdown(self) -> None:
        """Export no more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return self._exporter.force_flush(timeout_millis)


class _Prompt(BatchSpanProcessor):
    """Sends spans in batches; at the end it waits for the collector a moment, not the half minute of its parent."""

    def shutdown(self) -> None:
        self._batch_processor.shutdown(timeout_millis=int(1_000 * LAST_WORDS_SECONDS))


def start() -> None:
    """Trace this process: its requests, its tasks, and what Flagsite itself says of evaluations and changes."""
    resource = Resource.create({"service.name": settings.TRACES_NAME})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(_Prompt(Discreet(OTLPSpanExporter())))
    DjangoInstrumentor().instrument(tracer_provider=provider, excluded_urls=UNTRACED)
    CeleryInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]  # published so
    tracing.start(provider, at_end=provider.shutdown)
    _stop_at_end()


def _stop_at_end() -> None:
    """Send what is waiting, however this process is going to end; uvicorn's has flagsite/asgi.py."""
    atexit.register(tracing.stop)
    Finalize(None, tracing.stop, exitpriority=5)  # of a process that multiprocessing has started: it runs no `atexit`
    worker_process_shutdown.connect(_stop, weak=False)  # nor does a child of a Celery worker


def _stop(**facts: Any) -> None:
    del facts
    tracing.stop()


def _listed(span: ReadableSpan) -> ReadableSpan:
    """Return the span with what may leave of it."""
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_only_listed(span.attributes),
        events=[Event(event.name, _only_listed(event.attributes), event.timestamp) for event in span.events],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),  # its description is the message of an error
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _only_listed(attributes: Attributes) -> dict[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in EXPORTED or name.startswith(PREFIXES)}
