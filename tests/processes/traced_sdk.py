"""Run as a program: an SDK with tracing, in a program that sends its traces to a collector, until its input ends."""

import os
import sys

from flagsite_sdk import FlagClient
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

if __name__ == "__main__":
    url, key, mode = sys.argv[1:]
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    exporter = OTLPSpanExporter(endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    with FlagClient(url, key, tracing=True, stream=mode == "stream", poll_interval=0.2):
        sys.stdin.read()
