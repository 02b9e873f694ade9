"""Log lines that are written out already: for what is logged so often that making a line must cost next to nothing.

The line is a JSON object. `flagsite.logs` passes it on as it is, or takes it apart for a terminal. In a process that
serves requests, lines are gathered for `LINGER_SECONDS` and written together: each write would let the other threads of
the process in, and cost more than making the line.
"""

import logging
import threading
import time
from collections import deque
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


def write(logger: logging.Logger, event: str, *members: bytes) -> None:
    """Write a line of the level INFO, with what is known of the request and the trace.

    Args:
        logger: Which is named in it.
        event: What it is called.
        members: Its members, as encoded JSON without braces.
    """
    known = {**(request.get() or structlog.contextvars.get_contextvars()), **tracing.names()}
    of_request = (orjson.dumps(known)[1:-1],) if known else ()
    _gathered.put(logger, event, b"{%b}" % b",".join((*members, *of_request, _names(event, logger.name))))


@cache
def _names(event: str, logger: str) -> bytes:
    return orjson.dumps({"event": event, "logger": logger, "level": "info"})[1:-1]


class _Gathered:
    """Lines that wait to be written together."""

    def __init__(self) -> None:
        self.gathers = False
        """Whether a thread may be started that writes."""
        self._lines: deque[tuple[logging.Logger, str, bytes]] = deque()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._writing = threading.Lock()

    def put(self, logger: logging.Logger, event: str, line: bytes) -> None:
        self._lines.append((logger, event, line))
        if not self.gathers or len(self._lines) > MAX_WAITING:
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
            together: dict[tuple[logging.Logger, str], list[bytes]] = {}
            for _ in range(len(self._lines)):
                logger, event, line = self._lines.popleft()
                together.setdefault((logger, event), []).append(line)
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
