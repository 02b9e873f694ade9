"""The WebSocket to the server: opens it, hands every frame on, and says how it ended.

Knows handshakes, close codes and silence; knows nothing of flags, revisions or when to try again. Blocks in
the one thread that calls ``follow``; ``interrupt`` may be called from any other.
"""

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flagsite_sdk.forks import importing
from flagsite_sdk.retry_after import read_retry_after, read_retry_within
from flagsite_sdk.settings import Settings
from flagsite_sdk.version import USER_AGENT

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_CLOSING_HANDSHAKE = 1.0  # seconds granted to a server to say goodbye
_LOGGER = logging.getLogger("flagsite_sdk.stream")
_LOGGER.setLevel(logging.WARNING)  # at DEBUG, websockets writes the Authorization header


class Cause(StrEnum):
    """Why a stream ended."""

    INTERRUPTED = "interrupted"  # by us: the client is closing, or the reader had enough
    LOST = "lost"  # no connection, or it broke
    SILENT = "silent"  # neither news nor heartbeat for too long
    REFUSED = "refused"  # the handshake was answered, but not with a stream
    UNAUTHORIZED = "unauthorized"  # 401 or 403, or closed with 4401
    RESTARTING = "restarting"  # 1012
    OVERLOADED = "overloaded"  # 1013, or 429/503 at the handshake


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended; when to try again is in seconds, if the server said so."""

    cause: Cause
    detail: str
    retry_after: float | None = None
    retry_within: float = 0.0


_BY_CLOSE_CODE = {1012: Cause.RESTARTING, 1013: Cause.OVERLOADED, 4401: Cause.UNAUTHORIZED}
_BY_STATUS = {
    401: Cause.UNAUTHORIZED,
    403: Cause.UNAUTHORIZED,
    429: Cause.OVERLOADED,
    500: Cause.LOST,
    502: Cause.RESTARTING,
    503: Cause.OVERLOADED,
    504: Cause.RESTARTING,
}


class _SentElsewhere(Exception):
    """The server names another address. That is not asked: what decides flags comes from the server that was named."""


class Stream:
    """One stream at a time to one server."""

    def __init__(self, settings: Settings, *, instance: str) -> None:
        self._settings = settings
        self._instance = instance
        self._interrupted = False
        self._connection: ClientConnection | None = None

    def follow(self, *, since: int, on_frame: Callable[[str | bytes], bool]) -> Ending:
        """Connect and hand over frames until the stream ends or ``on_frame`` returns False."""
        with importing:  # here: a client that is offline or only polls never pays for it
            import encodings.idna  # noqa: F401 - else looking up a host imports it, unguarded

            import websockets.sync.client  # noqa: F401 - ``_follow`` takes from it
            from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

        try:
            return self._follow(since, on_frame)
        except ConnectionClosed as problem:
            return self._closed(problem)
        except InvalidStatus as problem:
            status = problem.response.status_code
            cause = _BY_STATUS.get(status, Cause.REFUSED)
            retry_after = read_retry_after(next(iter(problem.response.headers.get_all("Retry-After")), None))
            return self._ending(cause, f"the stream was refused with {status}", retry_after)
        except _SentElsewhere as problem:
            return self._ending(Cause.REFUSED, str(problem))
        except (OSError, EOFError, WebSocketException) as problem:
            # TimeoutError and ssl.SSLError are OSErrors
            return self._ending(Cause.LOST, f"no stream: {str(problem) or type(problem).__name__}")
        finally:
            self._connection = None

    def interrupt(self) -> None:
        """End the stream now, and any later one before it begins. Safe from any thread."""
        self._interrupted = True
        if (connection := self._connection) is not None:
            connection.close_socket()

    def abandon(self) -> None:
        """In the child of a fork: give up the parent's socket without a word on the wire."""
        if (connection := self._connection) is not None:
            connection.socket.close()  # closes this process's copy; the parent's connection lives on

    def _follow(self, since: int, on_frame: Callable[[str | bytes], bool]) -> Ending:
        from websockets.exceptions import InvalidStatus
        from websockets.sync.client import ClientConnection, connect

        stream = self

        class Kept(ClientConnection):
            """Known from its first moment, so that even a handshake can be interrupted."""

            def __init__(self, sock: socket.socket, protocol: Any, **options: Any) -> None:
                super().__init__(sock, protocol, **options)
                stream._connection = self
                if stream._interrupted:
                    self.close_socket()

            def handshake(self, *arguments: Any, **options: Any) -> None:
                try:
                    super().handshake(*arguments, **options)
                except InvalidStatus as problem:
                    status = problem.response.status_code
                    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
                        raise _SentElsewhere(f"the stream was refused with {status}: it is not followed") from None
                    raise

        settings = self._settings
        with connect(
            f"{settings.stream_url}?since={since}",
            additional_headers={"Authorization": f"Bearer {settings.api_key}", "Flagsite-Instance": self._instance},
            user_agent_header=USER_AGENT,
            compression=None,  # the server packs once for everyone, not once per connection
            ssl=settings.ssl_context if settings.stream_url.startswith("wss") else None,
            open_timeout=settings.connect_timeout,
            ping_interval=None,  # heartbeats say more than pings: they carry the revision
            close_timeout=_CLOSING_HANDSHAKE,
            max_size=settings.max_message_bytes,
            logger=_LOGGER,
            create_connection=Kept,
        ) as connection:
            while True:
                try:
                    frame = connection.recv(timeout=settings.heartbeat_timeout)
                except TimeoutError:
                    return self._ending(Cause.SILENT, f"nothing heard for {settings.heartbeat_timeout} s")
                if self._interrupted or not on_frame(frame):
                    return Ending(Cause.INTERRUPTED, "the reader had enough")

    def _closed(self, problem: Any) -> Ending:
        if problem.rcvd is None:
            return self._ending(Cause.LOST, "the stream broke")
        code, reason = problem.rcvd.code, problem.rcvd.reason
        cause = _BY_CLOSE_CODE.get(code, Cause.LOST)
        detail = f"the server closed the stream: {code} {reason}".rstrip()
        return self._ending(cause, detail, retry_within=read_retry_within(reason))

    def _ending(
        self, cause: Cause, detail: str, retry_after: float | None = None, *, retry_within: float = 0.0
    ) -> Ending:
        return Ending(Cause.INTERRUPTED if self._interrupted else cause, detail, retry_after, retry_within)
