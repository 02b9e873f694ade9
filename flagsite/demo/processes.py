"""Everything in one process: uvicorn in the main thread, a Celery worker and beat in threads of their own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from celery.beat import EmbeddedService

from flagsite.celery import app
from flagsite.event_streams import EventStreamProtocol
from flagsite.serve import PING_SECONDS
from flagsite.websocket import StreamProtocol


def server(listening: socket.socket) -> uvicorn.Server:
    """Return the server of HTTP and streams; `run(sockets=[listening])` returns when it was told to stop."""
    host, port = listening.getsockname()[:2]
    config = uvicorn.Config(
        "flagsite.asgi:application",
        host=host,
        port=port,
        http=EventStreamProtocol,
        ws=StreamProtocol,
        ws_per_message_deflate=False,  # the snapshot is compressed once for everybody
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


@contextmanager
def celery_in_threads() -> Iterator[None]:
    """Run a worker and beat on the in-memory broker as long as the block lasts."""
    worker = app.WorkController(pool="threads", concurrency=2, without_gossip=True, without_mingle=True)
    beat: Any = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    working = threading.Thread(target=worker.start, name="celery-worker", daemon=True)
    working.start()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop(in_sighandler=False)
        working.join(timeout=5)
