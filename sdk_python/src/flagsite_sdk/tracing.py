"""Spans in the program's own traces: the updates that are applied, and the requests that are made.

Only with ``tracing=True``, which needs OpenTelemetry's API (``pip install flagsite-sdk[otel]``); whether, where and how
many spans are kept is the business of the program's own OpenTelemetry set-up. Without it nothing is imported. Reads are
never traced here: they take less time than a span does.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import msgspec

from flagsite_sdk.errors import InvalidSettings
from flagsite_sdk.version import NAME, __version__

_HEADERS = ("traceparent", "tracestate")
_LONGEST = 1_024  # characters of a header: W3C asks for 512 of the state


class Tracing(Protocol):
    """What is traced."""

    def applying(self, trace: bytes, source: str) -> AbstractContextManager[Callable[[int], None]]:
        """Surround the taking of a message that carried ``trace``; call what it gives with the revision then held."""

    def requesting(self, method: str, path: str) -> AbstractContextManager["Request"]:
        """Surround a request."""


class Request(Protocol):
    """A request under way."""

    headers: Mapping[str, str]

    def answered(self, status: int) -> None:
        """Note the answer."""


class NoTracing:
    """What is traced when nothing is."""

    headers: Mapping[str, str] = {}

    def applying(self, trace: bytes, source: str) -> "NoTracing":  # noqa: ARG002
        """Trace nothing."""
        return self

    def requesting(self, method: str, path: str) -> "NoTracing":  # noqa: ARG002
        """Trace nothing."""
        return self

    def answered(self, status: int) -> None:
        """Note nothing."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *ending: object) -> None:
        pass

    def __call__(self, revision: int) -> None:
        """Note nothing."""


class _Asked:
    def __init__(self, span: Any, headers: Mapping[str, str]) -> None:
        self._span = span
        self.headers = headers

    def answered(self, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)


class OpenTelemetry:
    """Spans by OpenTelemetry's API, in whatever the program has set up."""

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.context import Context
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError:
            raise InvalidSettings("tracing needs OpenTelemetry: pip install flagsite-sdk[otel]") from None
        self._context = Context
        self._kinds = trace.SpanKind
        self._tracer = trace.get_tracer(NAME, __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def applying(self, trace: bytes, source: str) -> Iterator[Callable[[int], None]]:
        """Be a part of the change's own trace, if it has one: the last span of its way."""
        parent = self._propagator.extract(_carrier(trace), self._context())
        options: Any = {"record_exception": False, "set_status_on_exception": False}  # messages may quote a flag
        with self._tracer.start_as_current_span(
            "flagsite.sdk.apply", context=parent, kind=self._kinds.CONSUMER, **options
        ) as span:
            span.set_attribute("feature_flag.provider.name", "Flagsite")
            span.set_attribute("flagsite.sdk.source", source)

            def applied(revision: int) -> None:
                span.set_attribute("feature_flag.version", str(revision))

            try:
                yield applied
            except Exception as problem:
                span.set_attribute("error.type", type(problem).__name__)
                raise

    @contextmanager
    def requesting(self, method: str, path: str) -> Iterator[_Asked]:
        """Hand the trace on to the server."""
        options: Any = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(f"{method} {path}", kind=self._kinds.CLIENT, **options) as span:
            span.set_attribute("http.request.method", method)
            headers: dict[str, str] = {}
            self._propagator.inject(headers)
            try:
                yield _Asked(span, headers)
            except Exception as problem:
                span.set_attribute("error.type", type(problem).__name__)
                raise


def tracing_of(*, enabled: bool) -> Tracing:
    """Return what traces.

    Raises:
        InvalidSettings: it is enabled, and OpenTelemetry is not installed.
    """
    return OpenTelemetry() if enabled else NoTracing()


def _carrier(trace: bytes) -> dict[str, str]:
    """Read the member ``trace`` of a message; what cannot be read is none: news matter more than traces."""
    if not trace:
        return {}
    try:
        found = msgspec.json.decode(trace)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in _HEADERS if isinstance(found.get(name), str) and len(found[name]) <= _LONGEST}
