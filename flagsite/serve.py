"""`python -m flagsite.serve web|stream|worker|beat`: one process of an installation, with the options that it needs.

The one place where they stand: images, tests and documentation start processes by this command. It becomes the server
(exec), so that signals reach it directly; Django is not loaded twice.
"""

import os
import resource
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from flagsite import env

PING_SECONDS: Final = 10.0
"""A client of the stream that does not answer a ping for so long is dropped."""
MAX_MESSAGE_BYTES: Final = 64 * 1024
"""What a client of the stream says is ignored; one that says more than this at once is cut off."""
BACKLOG: Final = 4_096
"""Connections that the system holds ready for a stream process; it may allow fewer (`net.core.somaxconn`)."""
WEB_THREADS: Final = 4
"""Requests that a worker of `web` has in hand at a time. With one, a request would wait for whatever else waits: a
client who sends slowly, a database that is away. More fight for the interpreter, and a request costs more CPU."""
DRAIN_SECONDS: Final = 10
"""How long a process that is told to stop goes on with what it has begun."""


def web(*, host: str, port: int, workers: int) -> list[str]:
    """HTTP: the REST API, evaluation, the admin. With one thread, one client who sends slowly would stop a worker."""
    return [
        *("granian", "--interface", "wsgi", "flagsite.wsgi:application", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(WEB_THREADS), "--respawn-failed-workers"),
        *("--workers-kill-timeout", str(DRAIN_SECONDS), "--log-level", "warning"),
    ]


def stream(*, host: str, port: int, workers: int) -> list[str]:
    """SDKs' connections. The protocol cuts off who answers no ping; snapshots are compressed once for everybody."""
    return [
        *("uvicorn", "flagsite.asgi:application", "--host", host, "--port", str(port), "--workers", str(workers)),
        *("--ws", "flagsite.websocket:StreamProtocol", "--ws-per-message-deflate", "false"),
        *("--http", "flagsite.event_streams:EventStreamProtocol"),
        *("--ws-max-size", str(MAX_MESSAGE_BYTES), "--backlog", str(BACKLOG)),
        *("--ws-ping-interval", str(PING_SECONDS), "--ws-ping-timeout", str(PING_SECONDS)),
        *("--lifespan", "on", "--timeout-graceful-shutdown", str(DRAIN_SECONDS), "--log-level", "warning"),
    ]


def worker(*, host: str, port: int, workers: int) -> list[str]:
    """Celery's: ramps, guardrails, notices, change requests that are due, and what has to be forgotten."""
    del host, port
    return ["celery", "-A", "flagsite", "worker", "--concurrency", str(workers), "--loglevel", "warning"]


def beat(*, host: str, port: int, workers: int) -> list[str]:
    """Celery's clock. One is enough; two do no harm."""
    del host, port, workers
    schedule = Path(env.text("DATA_DIR", "var")) / "beat"
    return ["celery", "-A", "flagsite", "beat", "--schedule", str(schedule), "--loglevel", "warning"]


PROCESSES: Final[dict[str, Callable[..., list[str]]]] = {"web": web, "stream": stream, "worker": worker, "beat": beat}
WORKERS: Final = {"web": 2, "stream": 1, "worker": 3, "beat": 1}
"""How many of its own kind a process has by default; several streams are several processes, each with its port.
Of the three of a worker one may be waiting for Prometheus, one for who is told of ramps; steps are for the third."""


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command of the process that the arguments name; options that are not ours are the server's own."""
    parser = ArgumentParser(prog="python -m flagsite.serve", description="Become one process of an installation.")
    parser.add_argument("process", choices=PROCESSES)
    parser.add_argument("--host", default=env.text("HOST", "127.0.0.1"), help="address to listen on (HOST)")
    parser.add_argument("--port", type=int, default=env.integer("PORT", default=8000), help="port (PORT)")
    parser.add_argument("--workers", type=int, help="how many processes of the kind share the work")
    ours, theirs = parser.parse_known_args(arguments)
    module, *rest = PROCESSES[ours.process](
        host=ours.host, port=ours.port, workers=ours.workers or WORKERS[ours.process]
    )
    return [sys.executable, "-m", module, *rest, *theirs]


def allow_connections() -> None:
    """Let the process open as many files as the system allows: each connection is one, and 1,024 a common default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    allow_connections()
    wanted = command(sys.argv[1:])
    os.execv(wanted[0], wanted)  # noqa: S606 - the server takes this process's place
