"""From commit to the last client's socket: one stream process with 2,000 and with 5,000 connections.

The clients are on the same machine, on a core of their own if there are two; what they take to read is in the times.
"""

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.benchmarks.server.bare_clients import Clients, payload_of
from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import cpu_seconds, installation
from tests.processes.site import ROOT, Process, Site

MICROSECONDS: Final = 20
ASKED_MS: Final = {2_000: 60, 5_000: 120}
"""By the number of connections."""
_CHANGES_A_SECOND: Final = 5


def measure(*, seconds: float) -> Iterator[Figure]:
    """Change a flag again and again; every client has to have heard of each change before the next."""
    allow_many_sockets()
    for number, most in ASKED_MS.items():
        with installation(flags=1_000, STREAM_HEARTBEAT_SECONDS="600") as site, publishing(site) as publisher:
            stream = site.stream()
            clients = Clients(stream, site.server_key)
            try:
                clients.connect(number)
                send_one_change(clients, publisher)
                cpu, changes = cpu_seconds(stream), round(seconds * _CHANGES_A_SECOND)
                heard = [late for _ in range(changes) for late in send_one_change(clients, publisher)]
                cpu = cpu_seconds(stream) - cpu
            finally:
                clients.close()
        cuts = statistics.quantiles(heard, n=100)
        what = f"a change to {number:,} sockets"
        yield Figure(f"{what}: CPU of the server each", cpu / len(heard) * 1e6, "µs", MICROSECONDS, at_least=False)
        yield Figure(f"{what}: p99 from commit", cuts[98], "ms", most, at_least=False, p50_ms=cuts[49], p99_ms=cuts[98])


def allow_many_sockets() -> None:
    """Let this process and those that it starts open as many as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def publishing(site: Site) -> Iterator["subprocess.Popen[str]"]:
    """Have a process that changes a flag when it is told, and says when that was committed."""
    command = [sys.executable, "-m", "tests.benchmarks.server.publisher"]
    with subprocess.Popen(
        command, env=site.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            yield program
        finally:
            program.terminate()


def change(publisher: "subprocess.Popen[str]") -> None:
    """Tell it to."""
    assert publisher.stdin is not None
    publisher.stdin.write("\n")
    publisher.stdin.flush()


def committed(publisher: "subprocess.Popen[str]") -> float:
    """Return when the change was committed, by time.time()."""
    assert publisher.stdout is not None
    return float(publisher.stdout.readline())


def send_one_change(clients: Clients, publisher: "subprocess.Popen[str]") -> list[float]:
    """Return how many milliseconds after the commit each client had it."""
    before = {descriptor: client.messages for descriptor, client in clients.all.items()}
    heard = clients.messages + len(before)
    change(publisher)
    clients.until(lambda: clients.messages >= heard, within=30)
    at = committed(publisher)
    revisions = {json.loads(payload_of(client.last))["revision"] for client in clients.all.values()}
    if len(revisions) != 1 or any(client.messages != before[each] + 1 for each, client in clients.all.items()):
        raise SystemExit(f"clients disagree: {revisions}")
    return [(client.heard_at - at) * 1e3 for client in clients.all.values()]


def resident(process: Process) -> int:
    """Return the bytes that a process alone holds."""
    with open(f"/proc/{process.pid}/statm") as file:  # noqa: PTH123 - one line
        return int(file.read().split()[1]) * resource.getpagesize()
