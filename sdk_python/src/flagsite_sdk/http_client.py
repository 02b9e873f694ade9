"""Asks the server over HTTP: the configuration when polling, and the door for reports.

Turns every way in which a request can fail into one of four problems. Knows nothing of flags or of when to
ask again.
"""

import logging
import threading
import zlib
from typing import TYPE_CHECKING

from flagsite_sdk.errors import Refused, ServerProblem, Unauthorized, Unreachable, Unreadable
from flagsite_sdk.forks import importing
from flagsite_sdk.retry_after import read_retry_after
from flagsite_sdk.settings import Settings
from flagsite_sdk.tracing import NoTracing, Tracing
from flagsite_sdk.version import USER_AGENT

if TYPE_CHECKING:
    import httpx

_LOGGER = logging.getLogger("flagsite_sdk.http")
_WORTH_PACKING = 1_024  # bytes; below, gzip saves no packet
_GZIP = 16 + zlib.MAX_WBITS  # with a gzip header; the gzip module itself costs 5 ms to import
_NOT_MODIFIED = 304


class _Asking(threading.local):
    """Whether this thread is making a request of ours."""

    is_ours = False


_asking = _Asking()


def _is_news(_: logging.LogRecord) -> bool:
    """Keep httpx from telling of our requests, each as INFO: a line every ten seconds for each process that reports."""
    return not _asking.is_ours


class HttpClient:
    """A connection pool to one server, opened with the first request. Thread-safe."""

    def __init__(self, settings: Settings, tracing: Tracing | None = None, *, instance: str | None = None) -> None:
        self._settings = settings
        self._instance = instance
        self._tracing = tracing or NoTracing()
        self._opening = threading.Lock()
        self._client: httpx.Client | None = None
        self._closed = False

    def fetch(self, *, since: int | None) -> bytes | None:
        """Return a snapshot or a delta since a revision, or None when there is nothing new.

        Raises:
            Unreachable, Unauthorized, Refused, Unreadable: see ``errors``.
        """
        headers = {} if since is None else {"If-None-Match": f'"{since}"'}
        if self._instance is not None:
            headers["Flagsite-Instance"] = self._instance  # who polls is there, also with nothing to report
        status, content = self._ask("GET", "/sdk/config", query=since, headers=headers)
        return None if status == _NOT_MODIFIED else content

    def report(self, body: bytes, *, timeout: float | None = None) -> None:
        """Deliver a batch of counts and events.

        Raises:
            Unreachable, Unauthorized, Refused: see ``errors``.
        """
        headers = {"Content-Type": "application/json"}
        if len(body) > _WORTH_PACKING:
            body = _packed(body)
            headers["Content-Encoding"] = "gzip"
        self._ask("POST", "/sdk/events", headers=headers, body=body, timeout=timeout)

    def close(self) -> None:
        """Close the pool, for good."""
        with self._opening:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.close()

    def _opened(self) -> "httpx.Client":
        with self._opening, importing:
            import encodings.idna  # noqa: F401 - else looking up a host imports it, unguarded

            import httpx  # slow to import, and needed only when polling or reporting

            if self._closed:
                raise Unreachable("the client is closed")
            if self._client is None:
                logging.getLogger("httpx").addFilter(_is_news)  # once, however often it is added
                context = self._settings.ssl_context
                self._client = httpx.Client(
                    headers={"Authorization": f"Bearer {self._settings.api_key}", "User-Agent": USER_AGENT},
                    timeout=self._settings.request_timeout,
                    verify=True if context is None else context,
                    follow_redirects=False,  # the key goes to the server it was given for, to no other
                )
            return self._client

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        query: int | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> tuple[int, bytes]:
        client = self._opened()
        import httpx

        _asking.is_ours = True
        try:
            with (
                self._tracing.requesting(method, path) as asked,
                client.stream(
                    method,
                    self._settings.base_url + path,
                    params=None if query is None else {"since": query},
                    headers={**headers, **asked.headers},
                    content=body,
                    timeout=self._settings.request_timeout if timeout is None else timeout,
                ) as answer,
            ):
                asked.answered(answer.status_code)
                content = self._content(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as problem:
            # RuntimeError is what a pool says that was closed by close()
            raise Unreachable(f"{method} {path}: {str(problem) or type(problem).__name__}") from None
        finally:
            _asking.is_ours = False
        _LOGGER.debug("%s %s: %s", method, path, answer.status_code)
        if answer.is_success or answer.status_code == _NOT_MODIFIED:
            return answer.status_code, content
        raise _problem(answer, f"{method} {path} was answered with {answer.status_code}")

    def _content(self, answer: "httpx.Response") -> bytes:
        """Read the body; what unpacks to more than may come is left where it is."""
        most, parts, size = self._settings.max_message_bytes, [], 0
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > most:
                raise Unreadable(f"an answer of more than {most} bytes")
        return b"".join(parts)


def _packed(body: bytes) -> bytes:
    packer = zlib.compressobj(level=6, wbits=_GZIP)
    return packer.compress(body) + packer.flush()


def _problem(answer: "httpx.Response", message: str) -> ServerProblem:
    if answer.status_code in {401, 403}:
        return Unauthorized(message)
    retry_after = read_retry_after(answer.headers.get("Retry-After"))
    return Refused(message, status=answer.status_code, retry_after=retry_after)
