"""Run as a program (`python -m tests.processes.tracing_cost`): what tracing costs an evaluation over HTTP, off and on.

Two web processes of the same installation, one of which traces every request to a collector, are asked in turns. Told
is the processor's time, which says the same on a busy machine, with that of the thread that exports; what the seam
costs where nobody traces is timed beside it.
"""

import os
import sys
import tempfile
import timeit
from pathlib import Path

import httpx

from flagsite.lib import tracing
from tests.collector import collecting
from tests.processes.site import Site
from tests.services import start as start_services

ROUNDS, REQUESTS = 20, 100
QUESTION = {"flag_key": "flag-0001", "context": {"id": "ann", "country": "US"}}


def seam_nanoseconds() -> float:
    """What one `with tracing.span(…)` takes while tracing is off, less what an empty loop takes."""

    def work() -> None:
        with tracing.span("work") as span:
            span.is_recording()

    times = 200_000
    return min(timeit.repeat(work, number=times, repeat=5)) / times * 1e9


def cpu_milliseconds(group: int) -> float:
    """What all processes of a group have used so far."""
    used = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) == group:
            used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK") * 1e3


def ask(client: httpx.Client) -> None:
    for _ in range(REQUESTS):
        client.post("/evaluate", json=QUESTION).raise_for_status()


def main() -> None:
    start_services()
    site = Site(Path(tempfile.mkdtemp()), flags=100)
    try:
        with collecting() as collector:
            off = site.web()
            site.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
            on = site.web()
            with site.sdk_api(off) as without, site.sdk_api(on) as traced:
                ask(without)
                ask(traced)
                before = [cpu_milliseconds(process.pid) for process in (off, on)]
                for _ in range(ROUNDS):
                    ask(without)
                    ask(traced)
                after = [cpu_milliseconds(process.pid) for process in (off, on)]
            on.end()
            spans = len(collector.spans)
    finally:
        site.close()
    plain, tracing_too = ((end - begin) / (ROUNDS * REQUESTS) for begin, end in zip(before, after, strict=True))
    sys.stdout.write(
        f"off: {plain:.2f} ms of CPU a request; on: {tracing_too:.2f} ms ({tracing_too / plain - 1:+.0%}), "
        f"{spans} spans received\nthe seam, off: {seam_nanoseconds():.0f} ns a span\n"
    )


if __name__ == "__main__":
    main()
