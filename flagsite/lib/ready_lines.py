"""Log lines that are written out already: for what is logged so often that making a line must cost next to nothing.

The line is a JSON object. `flagsite.logs` passes it on as it is, or takes it apart for a terminal. In a process that
serves requests, lines are gathered for `LINGER_SECONDS`, and then made and written together: whoever has something to
say only leaves it here, and each write would let the other threads of the process in.
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

import orjson
import structlog

from flagsite.lib import tracing

log = structlog.get_logger(__name__)

LINGER_SECONDS: Final = 0.025
MAX_WAITING: Final = 10_000
"""Lines that wait to be written; who adds one more writes them, and so waits for whatever takes them so slowly."""

request: Final[ContextVar[dict[str, Any]]] = ContextVar("request", default={})  # noqa: B039 - it is never changed
"""What is known of a request that does not pass Django's middlewares, which say it to structlog."""


class ReadyLine(logging.LogRecord):
    """A record whose line is there already, or several of them; its message is only its name."""

    line: bytes


Members = Callable[..., bytes]
"""Makes the members of a line, as encoded JSON without braces, by the thread that writes it."""
_Said = tuple[tuple[logging.Logger, str], Members, tuple[Any, ...], dict[str, Any]]
"""Who says what, its members, what they are made of, and what was known. A plain tuple: there are very many."""


def write(logger: logging.Logger, event: str, members: Members, *about: Any) -> None:
    """Write a line of the level INFO, with what is known of the request and the trace.

    Args:
        logger: Which is named in it.
        event: What it is called.
        members: Makes its members.
        about: What they are made of; nobody may change it any more.
    """
    known = request.get() or structlog.contextvars.get_contextvars()
    trace = tracing.names()
    _gathered.put(((logger, event), members, about, {**known, **trace} if trace else known))


@cache
def _names(source: tuple[logging.Logger, str]) -> bytes:
    logger, event = source
    return orjson.dumps({"event": event, "logger": logger.name, "level": "info"})[1:-1]


class _Gathered:
    """Lines that wait to be written together."""

    def __init__(self) -> None:
        self.gathers = False
        """Whether a thread may be started that writes."""
        self._waiting: deque[_Said] = deque()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._writing = threading.Lock()

    def put(self, said: _Said) -> None:
        self._waiting.append(said)
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
            together: defaultdict[tuple[logging.Logger, str], list[bytes]] = defaultdict(list)
            for _ in range(len(self._waiting)):
                source, members, about, known = self._waiting.popleft()
                try:
                    of_request = orjson.dumps(known)[1:-1] + b"," if known else b""
                    together[source].append(b"{%b,%b%b}" % (members(*about), of_request, _names(source)))
                except Exception:  # one line is no reason to lose the others, or the thread
                    log.exception("line_cannot_be_made", line=source[1])
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
