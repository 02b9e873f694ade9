"""Log lines that are written out already: for what is logged so often that making a line must cost next to nothing.

The line is a JSON object. `flagsite.logs` passes it on as it is, or takes it apart for a terminal. In a process that
serves requests, lines are gathered for `LINGER_SECONDS` and written together: each write would let the other threads of
the process in, and cost more than making the line. The line is made by whoever has something to say: what it is made of
is at hand there, and another thread would have to fetch it from another processor, which costs more than making it.
"""

import logging
import threading
import time
from collections import defaultdict, deque
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

import orjson
import structlog

from flagsite.lib import tracing

LINGER_SECONDS: Final = 0.025
MAX_WAITING: Final = 10_000
"""Lines that wait to be written; who adds one more writes them, and so waits for whatever takes them so slowly."""

request: Final[ContextVar[dict[str, Any]]] = ContextVar("request", default={})  # noqa: B039 - it is never changed
"""What is known of a request that does not pass Django's middlewares, which say it to structlog."""


class ReadyLine(logging.LogRecord):
    """A record whose line is there already, or several of them; its message is only its name."""

    line: bytes


Source = tuple[logging.Logger, str]
"""A logger, and what its line is called."""


def write(logger: logging.Logger, event: str, members: bytes) -> None:
    """Write a line of the level INFO, with what is known of the request and the trace.

    Args:
        logger: Which is named in it.
        event: What it is called.
        members: Its members, as encoded JSON without braces.
    """
    source = logger, event
    known = request.get() or structlog.contextvars.get_contextvars()
    trace = tracing.names()
    of_request = orjson.dumps({**known, **trace} if trace else known)[1:-1]
    line = b"{%b,%b,%b}" if of_request else b"{%b%b,%b}"
    _gathered.put(source, line % (members, of_request, _names(source)))


@cache
def _names(source: Source) -> bytes:
    logger, event = source
    return orjson.dumps({"event": event, "logger": logger.name, "level": "info"})[1:-1]


class _Gathered:
    """Lines that wait to be written together."""

    def __init__(self) -> None:
        self.gathers = False
        """Whether a thread may be started that writes."""
        self._waiting: deque[tuple[Source, bytes]] = deque()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._writing = threading.Lock()

    def put(self, source: Source, line: bytes) -> None:
        self._waiting.append((source, line))
        if not self.gathers or len(self._waiting) > MAX_WAITING:
            self.write_out()
        elif not self._wake.is_set():
            self._wake.set()
            if self._thread is None:
                self._start()

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ready-lines", daemon=True)
                self._thread.start()

    def write_out(self) -> None:
        """Write what waits."""
        with self._writing:
            together: defaultdict[Source, list[bytes]] = defaultdict(list)
            for _ in range(len(self._waiting)):
                source, line = self._waiting.popleft()
                together[source].append(line)
            for (logger, event), lines in together.items():
                record = ReadyLine(logger.name, logging.INFO, "", 0, event, None, None)
                record.line = b"\n".join(lines)
                logger.handle(record)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(LINGER_SECONDS)
            self._wake.clear()
            self.write_out()


_gathered: Final = _Gathered()


def gather() -> None:
    """Let this process gather its lines, and write them in a thread of its own that the first line starts."""
    _gathered.gathers = True


def write_out() -> None:
    """Write what has been gathered: the process is about to end."""
    _gathered.write_out()
