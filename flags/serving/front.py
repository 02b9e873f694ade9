"""What stands before Django in a `web` process: answers by a door where there is one, and passes on all the rest.

Decides nothing about flags and refuses nobody. Where anything is unusual, or goes wrong, the request goes to Django as
it came, which answers it or says what is wrong with it.
"""

import io
import itertools
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import structlog
from csp.utils import build_policy
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from accounts.rates import COUNTED
from flags.api.replies import Reply
from flags.serving.callers import Callers
from flags.serving.doors import LARGEST, Door, Environ, door_of
from flagsite.lib import ready_lines, request_metrics
from flagsite.lib.client_address import address_behind
from flagsite.lib.json_body import MAX_BYTES
from flagsite.lib.problems import NotSignedIn, TooManyRequests, Unavailable

Start = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, Any], Any]
"""Django's, whose own types are narrower than what WSGI asks."""

MAX_REQUEST_ID: Final = 200
"""Characters of a caller's own name of a request that go into the log."""
_log = structlog.get_logger(__name__)
_JSON: Final = {"*/*", "application/json", "application/*"}
_BODILESS: Final = {"GET", "HEAD", "OPTIONS"}
_WITHOUT_DATABASE: Final = {"/healthz", "/readyz", "/metrics"}
"""What answers, or says more, while the database is away; whatever else comes would wait for it in vain."""
_LONGEST_HOST: Final = 300
"""Characters of a name that is remembered; DNS has none that is longer than 253 (RFC 1035)."""


class Front:
    """A WSGI application before another one."""

    def __init__(self, behind: Application, *, callers: Callers | None = None, has_doors: bool = True) -> None:
        self._behind = behind
        self._callers = callers or Callers()
        self._has_doors = has_doors
        self._turn = threading.Lock()
        self._name, self._numbers = uuid4().hex, itertools.count(1)
        """What requests are called in the log, where the caller does not name them."""
        self._headers = {method: _headers(method) for method in ("GET", "POST")}

    def __call__(self, environ: Environ, start_response: Start) -> Any:
        """Answer, or let the application behind answer."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method not in _BODILESS and not environ.get("CONTENT_LENGTH"):
            _measure_body(environ)
        found = door_of(method, path) if self._has_doors else None
        if found is None:
            if (
                self._callers.outage.lasts
                and path not in _WITHOUT_DATABASE
                and not path.startswith(settings.STATIC_URL)
            ):
                return self._send(Reply.of_refusal(Unavailable.database()), method, start_response)
            return self._behind(environ, start_response)
        began = time.perf_counter()
        view, door = found
        try:
            reply = self._reply(door, environ)
        except Exception as error:  # noqa: BLE001 - the view behind meets the same, and says it as it should be said
            _log.debug("left_to_django", view=view, error=type(error).__name__)
            reply = None
        if reply is None:
            return self._behind(environ, start_response)
        request_metrics.answered(view, method, status=reply.status, seconds=time.perf_counter() - began)
        return self._send(reply, method, start_response)

    def _send(self, reply: Reply, method: str, start_response: Start) -> list[bytes]:
        headers = self._headers.get(method, self._headers["POST"])
        start_response(_STATUSES[reply.status], headers + _with_length(reply))
        return [reply.body]

    def _reply(self, door: Door, environ: Environ) -> Reply | None:
        header = environ.get("HTTP_AUTHORIZATION", "")
        if not header or not _is_plain(environ):
            return None
        address = address_behind(environ)
        try:
            caller = self._callers.of(header, address=address)
        except (NotSignedIn, TooManyRequests, Unavailable) as refusal:  # they must not cost more than what is answered
            if not isinstance(refusal, TooManyRequests):
                _log.warning("refused", code=refusal.code, path=environ["PATH_INFO"], ip=address)
            return Reply.of_refusal(refusal)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if caller is None:
            return None
        environ[COUNTED] = True
        if length > LARGEST:
            return None
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)  # for the application behind, if it comes to that
        number = environ.get("HTTP_X_REQUEST_ID", "")[:MAX_REQUEST_ID] or f"{self._name}-{next(self._numbers)}"
        asked = ready_lines.request.set({"request_id": number, "ip": address})
        try:
            with self._turn:
                return door(caller, environ, body)
        finally:
            ready_lines.request.reset(asked)


def _measure_body(environ: Environ) -> None:
    """Read a body that comes in pieces: Django reads none of which the length is not told.

    One byte too many is read, and is there for Django to refuse.
    """
    body = environ["wsgi.input"].read(MAX_BYTES + 1)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _is_plain(environ: Environ) -> bool:
    """Tell whether nothing of the request but its address and its key needs to be looked at."""
    if settings.SECURE_SSL_REDIRECT and not _is_secure(environ):
        return False
    host = environ.get("HTTP_HOST", "")
    return _is_json_welcome(environ.get("HTTP_ACCEPT", "*/*")) and len(host) <= _LONGEST_HOST and _is_our_host(host)


def _is_json_welcome(accept: str) -> bool:
    return any(each.partition(";")[0].strip() in _JSON for each in accept.split(","))


def _is_secure(environ: Environ) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        return bool(environ.get(name) == value)
    return bool(environ.get("wsgi.url_scheme") == "https")


@lru_cache(maxsize=64)
def _is_our_host(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def _headers(method: str) -> list[tuple[str, str]]:
    """Return the headers that every answer has, as Django's middlewares give them."""
    headers = {
        "Allow": "GET, HEAD, OPTIONS" if method == "GET" else "POST, OPTIONS",
        "Content-Security-Policy": build_policy(),
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    if settings.SECURE_SSL_REDIRECT and settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = "; ".join(
            [f"max-age={settings.SECURE_HSTS_SECONDS}"]
            + ["includeSubDomains"] * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS
            + ["preload"] * settings.SECURE_HSTS_PRELOAD
        )
    return list(headers.items())


def _with_length(reply: Reply) -> list[tuple[str, str]]:
    headers = list(reply.headers.items())
    if reply.status != HTTPStatus.NOT_MODIFIED:
        headers.append(("Content-Length", str(len(reply.body))))
    return headers


_STATUSES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
