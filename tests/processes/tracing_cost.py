"""Run as a program (`python -m tests.processes.tracing_cost`): what tracing costs an evaluation over HTTP, off and on.

Two web processes of the same installation, one of which traces every request to a collector, are asked in turns; what
the seam costs where nobody traces is timed beside it.
"""

import statistics
import sys
import tempfile
import time
import timeit
from pathlib import Path

import httpx

from flagsite.lib import tracing
from tests.collector import collecting
from tests.processes.site import Site
from tests.services import pytest_load_initial_conftests as start_services

ROUNDS, REQUESTS = 20, 100
QUESTION = {"flag_key": "flag-0001", "context": {"id": "ann", "country": "US"}}


def seam_nanoseconds() -> float:
    """What one `with tracing.span(…)` takes while tracing is off, less what an empty loop takes."""

    def work() -> None:
        with tracing.span("work") as span:
            span.is_recording()

    times = 200_000
    return min(timeit.repeat(work, number=times, repeat=5)) / times * 1e9


def milliseconds(client: httpx.Client) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        client.post("/evaluate", json=QUESTION).raise_for_status()
    return (time.perf_counter() - began) / REQUESTS * 1e3


def main() -> None:
    start_services()
    site = Site(Path(tempfile.mkdtemp()), flags=100)
    try:
        with collecting() as collector:
            off = site.web()
            site.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
            on = site.web()
            with site.sdk_api(off) as without, site.sdk_api(on) as traced:
                for client in (without, traced):
                    milliseconds(client)
                pairs = [(milliseconds(without), milliseconds(traced)) for _ in range(ROUNDS)]
            spans = len(collector.spans)
    finally:
        site.close()
    plain, traced_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    share = statistics.median(on / off - 1 for off, on in pairs)
    sys.stdout.write(
        f"off: {plain:.2f} ms a request; on: {traced_ms:.2f} ms ({share:+.1%}), {spans} spans received\n"
        f"the seam, off: {seam_nanoseconds():.0f} ns a span\n"
    )


if __name__ == "__main__":
    main()
