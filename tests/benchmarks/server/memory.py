"""What is held: by a stream process for each connection that is idle, and by both kinds of process for 10,000 flags.

Beside it what a connect and a heartbeat cost, which say how many connections a process can have.
"""

import time
from collections.abc import Iterator
from typing import Final

import httpx

from tests.benchmarks.server.bare_clients import Clients
from tests.benchmarks.server.fanning_out import allow_many_sockets, resident
from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import cpu_seconds, installation, memory_bytes

CONNECTIONS: Final = 4_000
FLAGS: Final = 10_000


def measure(*, seconds: float) -> Iterator[Figure]:
    """Connect, and look how much the process has grown; then start processes with many flags and with one."""
    allow_many_sockets()
    yield from _of_connections(seconds)
    few, many = _with_flags(1), _with_flags(FLAGS)
    for kind in few:
        yield Figure(
            f"memory of a {kind} process for {FLAGS:,} flags, beside {few[kind] / 1e6:.0f} MB",
            (many[kind] - few[kind]) / 1e6,
            "MB",
        )


def _of_connections(seconds: float) -> Iterator[Figure]:
    with installation(flags=1_000, STREAM_HEARTBEAT_SECONDS="1") as site:
        stream = site.stream()
        clients = Clients(stream, site.server_key, keeps=False)
        try:
            clients.connect(100)  # what is built for the first is not theirs
            held, used = resident(stream), cpu_seconds(stream)
            clients.connect(CONNECTIONS)
            came, grown = cpu_seconds(stream) - used, resident(stream) - held
            used, heard, until = cpu_seconds(stream), clients.messages, time.monotonic() + seconds
            clients.until(lambda: time.monotonic() > until, within=seconds + 30)
            idle, heard = cpu_seconds(stream) - used, clients.messages - heard
        finally:
            clients.close()
    yield Figure(
        f"memory of a stream process for an idle connection, beside {held / 1e6:.0f} MB",
        grown / CONNECTIONS / 1024,
        "KiB",
    )
    yield Figure("CPU of a stream process for a connect with its snapshot", came / CONNECTIONS * 1e3, "ms")
    yield Figure("CPU of a stream process for a heartbeat", idle / heard * 1e6, "µs")


def _with_flags(number: int) -> dict[str, int]:
    """Return the bytes that each kind (`web` with its parent) holds once it has given the configuration out."""
    with installation(flags=number) as site:
        web, stream = site.web("--workers", "1"), site.stream()
        clients = Clients(stream, site.server_key)
        try:
            clients.connect(1)
        finally:
            clients.close()
        for _ in range(3):
            headers = {"Authorization": f"Bearer {site.server_key}"}
            httpx.get(f"{web.url}/sdk/config", headers=headers, timeout=60, trust_env=False).raise_for_status()
        return {"web": memory_bytes(web), "stream": resident(stream)}
