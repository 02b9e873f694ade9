"""Spans of a trace, where tracing is switched on; nothing at all where it is not.

The seam between what Flagsite does and OpenTelemetry, which is an optional extra: it is imported by whoever calls
`start` (flagsite/telemetry.py), never from here while tracing is off. Decides how spans follow one another, within a
process and from one to the next; refuses to know where they are sent, and what flags are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer, TracerProvider

Carrier = Mapping[str, str]
"""A position in a trace, as W3C Trace Context writes it into headers; empty when there is none."""

Kind = Literal["INTERNAL", "PRODUCER", "CONSUMER"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

NOWHERE: Final[Carrier] = {}
_NAME: Final = "flagsite"
_HEADERS: Final = ("traceparent", "tracestate")


class Span(Protocol):
    """What the code that does the work may say of it: OpenTelemetry's own span, or one that forgets everything."""

    def is_recording(self) -> bool:
        """Tell whether anything that is said is kept: else finding it out is not worth the while."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Say something of the whole span."""

    def add_event(self, name: str, attributes: Mapping[str, Any]) -> None:
        """Say that something happened within it, now."""


class _Off:
    """A span, and the piece of work that it would be about, when nobody traces."""

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *ending: object) -> None:
        pass

    def is_recording(self) -> bool:
        return False

    def set_attribute(self, key: str, value: Any) -> None:
        pass

    def add_event(self, name: str, attributes: Mapping[str, Any]) -> None:
        pass


_OFF: Final = _Off()
_tracer: Tracer | None = None
_ends: list[Callable[[], None]] = []


def start(provider: TracerProvider, *, at_end: Callable[[], None] | None = None) -> None:
    """Trace from now on; `at_end` sends what is waiting to be sent."""
    global _tracer  # noqa: PLW0603 - one of the process
    _tracer = provider.get_tracer(_NAME)
    _ends[:] = [at_end] if at_end else []


def stop() -> None:
    """Trace no longer, and send what is waiting: the process is about to end."""
    global _tracer  # noqa: PLW0603
    _tracer = None
    while _ends:
        _ends.pop()()


def span(name: str, *, parent: Carrier | None = None, kind: Kind = "INTERNAL") -> AbstractContextManager[Span]:
    """Time a piece of work, as a part of the one that surrounds it or, when a parent is given, of that one.

    Of an error that ends it, only the class is kept: messages may quote what callers have sent.
    """
    return _OFF if _tracer is None else _started(_tracer, name, parent, kind)


def carrier() -> Carrier:
    """Return where in a trace the calling code is, to be handed to another thread or process."""
    if _tracer is None:
        return NOWHERE
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    found: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(found)
    return found


def names() -> Mapping[str, str]:
    """Return the ids of the trace and of the span in which the calling code is, as log lines name them."""
    if _tracer is None:
        return NOWHERE
    from opentelemetry.trace import get_current_span

    here = get_current_span().get_span_context()
    return {"trace_id": f"{here.trace_id:032x}", "span_id": f"{here.span_id:016x}"} if here.is_valid else NOWHERE


def carrier_in(found: object) -> Carrier:
    """Return a carrier that another process has sent; what is none is no position."""
    if not isinstance(found, dict):
        return NOWHERE
    return {name: found[name] for name in _HEADERS if isinstance(found.get(name), str)}


def traced(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make each call of a service a span of its name."""
    name = f"{work.__module__.partition('.')[0]}.{work.__name__}"

    @wraps(work)
    def in_a_span(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with span(name):
            return work(*args, **kwargs)

    return in_a_span


@contextmanager
def _started(tracer: Tracer, name: str, parent: Carrier | None, kind: Kind) -> Iterator[Span]:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = None if parent is None else TraceContextTextMapPropagator().extract(parent, Context())
    with tracer.start_as_current_span(
        name, context=context, kind=SpanKind[kind], record_exception=False, set_status_on_exception=False
    ) as started:
        try:
            yield started
        except Exception as error:
            started.set_attribute("error.type", type(error).__name__)
            raise
