"""Tracing: the last span of a change's way, and the requests. An extra; whoever does not want it has nothing of it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from flagsite_sdk import FlagClient, InvalidSettings
from flagsite_sdk.protocol import Protocol, Verdict
from flagsite_sdk.tracing import OpenTelemetry
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sdk_python.tests.conftest import Connect, eventually
from sdk_python.tests.server import Server

TRACE, PARENT = "ab" * 16, "cd" * 8
HERE = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
GARBAGE: list[Any] = [5, "text", [], {"traceparent": 5}, {"traceparent": "x" * 100_000}, {"traceparent": "00-zz"}, None]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the program's own OpenTelemetry is given."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def delta(server: Server, **more: Any) -> str:
    since, server.revision = server.revision, server.revision + 1
    return json.dumps({"since": since, "revision": server.revision, "flags": {}, "segments": {}, **more})


def test_an_update_is_applied_as_the_last_part_of_the_change_s_trace(
    server: Server, connect: Connect, spans: InMemorySpanExporter
) -> None:
    client = connect(tracing=True)
    assert client.wait_until_ready()
    spans.clear()
    server.send(delta(server, trace=HERE))
    eventually(lambda: named(spans, "flagsite.sdk.apply"))
    (span,) = named(spans, "flagsite.sdk.apply")
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert dict(span.attributes or {}) == {
        "feature_flag.provider.name": "Flagsite",
        "feature_flag.version": str(server.revision),
        "flagsite.sdk.source": "stream",
    }


@pytest.mark.parametrize("tracing", [True, False])
@pytest.mark.parametrize("given", GARBAGE)
def test_a_trace_that_is_none_costs_no_update(
    server: Server, connect: Connect, spans: InMemorySpanExporter, given: object, tracing: bool
) -> None:
    client = connect(tracing=tracing)
    assert client.wait_until_ready()
    server.send(delta(server, trace=given))
    eventually(lambda: client.status().revision == server.revision)
    assert all(span.parent is None for span in named(spans, "flagsite.sdk.apply"))


def test_a_request_hands_its_trace_on_to_the_server(
    server: Server, connect: Connect, spans: InMemorySpanExporter
) -> None:
    client = connect(tracing=True, stream=False)
    assert client.wait_until_ready()
    (asked,) = named(spans, "GET /sdk/config")[:1]
    headers = next(headers for _, path, headers in server.requests if path.startswith("/sdk/config"))
    assert headers["traceparent"].startswith(f"00-{asked.context.trace_id:032x}-{asked.context.span_id:016x}-")
    assert (asked.attributes or {})["http.response.status_code"] == 200


def test_a_request_that_fails_says_how_and_quotes_nothing(spans: InMemorySpanExporter) -> None:
    with FlagClient("http://127.0.0.1:9", "fs_srv_a_b", tracing=True, stream=False, start_timeout=0, report=False):
        eventually(lambda: named(spans, "GET /sdk/config"))
    span = named(spans, "GET /sdk/config")[0]
    assert ((span.attributes or {})["error.type"], span.events) == ("ConnectError", ())


def test_a_failing_update_leaves_the_surrounding_trace_as_it_was(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), OpenTelemetry().applying(b"", "stream"):
        raise ValueError("secret")
    (span,) = named(spans, "flagsite.sdk.apply")
    assert ((span.attributes or {})["error.type"], span.events, span.status.description) == ("ValueError", (), None)
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_delta_of_a_server_that_traces_is_what_it_is_without() -> None:
    plain = {"since": 1, "revision": 2, "flags": {}}
    protocol = Protocol(max_message_bytes=10_000)
    for document in (plain, {**plain, "trace": HERE}):
        decision = protocol.receive(json.dumps(document), holding=1)
        assert (decision.verdict, decision.revision) == (Verdict.APPLY, 2)


def test_tracing_without_opentelemetry_is_said_when_the_client_is_made() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from flagsite_sdk import FlagClient, InvalidSettings\n"
        "FlagClient('http://x', 'fs_srv_a_b', lazy=True)\n"
        "try: FlagClient('http://x', 'fs_srv_a_b', lazy=True, tracing=True)\n"
        "except InvalidSettings as problem: print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "flagsite-sdk[otel]" in done.stdout


def test_nothing_of_opentelemetry_is_loaded_without_tracing() -> None:
    code = (
        "import sys; from flagsite_sdk import FlagClient\n"
        "FlagClient('http://127.0.0.1:9', 'fs_srv_a_b', start_timeout=0.2, stream=False).close()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tracing_is_true_or_false() -> None:
    with pytest.raises(InvalidSettings, match="tracing"):
        FlagClient("http://x", "fs_srv_a_b", lazy=True, tracing="yes")  # type: ignore[arg-type]  # that is the point
