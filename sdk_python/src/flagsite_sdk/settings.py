"""Every setting of a client, its default, and what it must be.

This is the only place where the SDK raises into the caller's code: a setting that cannot be used is a mistake
in a program, best met when the program starts. Nothing here opens a file or a socket.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from flagsite_sdk.errors import InvalidSettings
from flagsite_sdk.tracing import tracing_of

if TYPE_CHECKING:
    import ssl  # 12 ms, for a setting that few programs use

_KEY = re.compile(r"fs_srv_(?P<id>[A-Za-z0-9-]+)_(?P<secret>[A-Za-z0-9_-]+)", re.ASCII)


LONGEST_SECONDS = 2_000_000.0
"""23 days. What is waited for is up to twice a setting, and no system can wait for as long as a float can say."""

LONGEST_ID = 512
"""Characters of a context's id that the server takes. It refuses a batch whole, so no longer one must get into one."""


class Keywords(TypedDict, total=False):
    """The keyword arguments of ``FlagClient``: those of ``Settings`` (a test compares)."""

    start_timeout: float
    lazy: bool
    offline: bool
    bootstrap: str | Path | bytes | Mapping[str, Any] | None
    cache_path: str | Path | None
    cache_interval: float
    stream: bool
    connect_timeout: float
    heartbeat_timeout: float
    stream_failures_before_polling: int
    poll_interval: float
    request_timeout: float
    backoff_base: float
    backoff_cap: float
    unauthorized_retry: float
    report: bool
    flush_interval: float
    event_queue_size: int
    record_evaluations: float | Collection[str]
    record_attributes: Collection[str]
    record_queue_size: int
    close_timeout: float
    max_message_bytes: int
    ssl_context: "ssl.SSLContext | None"
    tracing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a client behaves. All times are in seconds, at most 2,000,000.

    Attributes:
        url: where Flagsite is: ``http(s)://host[:port][/prefix]``.
        api_key: a server key (``fs_srv_…``) of the environment whose flags are wanted.
        start_timeout: how long the constructor waits for the first configuration; 0 does not wait. It stops
            waiting at once when the server cannot be had and a bootstrap or a cached configuration is held.
        lazy: start nothing before the first read or ``start()``; for masters of pre-fork servers.
        offline: never open a socket; serve the bootstrap or the cached configuration only.
        bootstrap: a snapshot to begin with: the path of a JSON file, or the document (mapping or bytes).
        cache_path: the file that keeps the last-known configuration over restarts; None keeps none.
        cache_interval: that file is written at most this often.
        stream: follow changes over the WebSocket; False polls only.
        connect_timeout: for opening the stream: TCP, TLS and handshake together.
        heartbeat_timeout: a stream that is silent for this long is given up (the server sends every 10 s).
        stream_failures_before_polling: after this many failed attempts in a row, poll beside trying on.
        poll_interval: between two polls, while polling.
        request_timeout: for each HTTP request (polls and reports).
        backoff_base: the first wait before reconnecting is drawn from 0 to this; each further one doubles it…
        backoff_cap: …up to this.
        unauthorized_retry: between two attempts with a key that the server refuses.
        report: send counts of evaluations and tracked events to the server.
        flush_interval: between two reports.
        event_queue_size: tracked events waiting to be sent; further ones are dropped and counted.
        record_evaluations: which evaluations are recorded one by one, besides being counted: a share of all from
            0 (none) to 1 (all), drawn anew for each, or the keys of the flags whose evaluations are.
        record_attributes: paths of the attributes that may be sent with them; of a context nothing else but its
            id ever leaves the process.
        record_queue_size: recorded evaluations waiting to be sent; further ones are dropped and counted.
        close_timeout: how long ``close()`` may take for the last report and for ending the threads.
        max_message_bytes: a configuration larger than this (unpacked) is refused.
        ssl_context: for https/wss with a private authority or client certificates; None is the system's
            trust.
        tracing: spans of updates and requests by OpenTelemetry (``flagsite-sdk[otel]``); reads are not traced.
    """

    url: str
    api_key: str = field(default="", repr=False)
    start_timeout: float = 5.0
    lazy: bool = False
    offline: bool = False
    bootstrap: str | Path | bytes | Mapping[str, Any] | None = field(default=None, repr=False)
    cache_path: str | Path | None = None
    cache_interval: float = 5.0
    stream: bool = True
    connect_timeout: float = 5.0
    heartbeat_timeout: float = 30.0
    stream_failures_before_polling: int = 3
    poll_interval: float = 30.0
    request_timeout: float = 10.0
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    unauthorized_retry: float = 60.0
    report: bool = True
    flush_interval: float = 10.0
    event_queue_size: int = 10_000
    record_evaluations: float | Collection[str] = 0.0
    record_attributes: Collection[str] = ()
    record_queue_size: int = 10_000
    close_timeout: float = 2.0
    max_message_bytes: int = 128 * 1024 * 1024
    ssl_context: "ssl.SSLContext | None" = None
    tracing: bool = False

    def __post_init__(self) -> None:
        _check_url(self.url)
        if not self.offline:
            _check_key(self.api_key)
        for name in ("lazy", "offline", "stream", "report", "tracing"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidSettings(f"{name} must be True or False, not {getattr(self, name)!r}")
        for name in ("start_timeout", "close_timeout"):
            _check_seconds(name, getattr(self, name), zero=True)
        for name in _POSITIVE_SECONDS:
            _check_seconds(name, getattr(self, name), zero=False)
        for name in ("stream_failures_before_polling", "event_queue_size", "record_queue_size", "max_message_bytes"):
            _check_count(name, getattr(self, name))
        if self.backoff_cap < self.backoff_base:
            raise InvalidSettings(
                f"backoff_cap ({self.backoff_cap}) must not be below backoff_base ({self.backoff_base})"
            )
        self._check_objects()
        self._check_recording()

    def _check_recording(self) -> None:
        wanted = self.record_evaluations
        is_share = isinstance(wanted, int | float) and 0 <= wanted <= 1
        if not is_share and not _is_texts(wanted):
            raise InvalidSettings(f"record_evaluations must be a share from 0 to 1, or keys of flags, not {wanted!r}")
        if not _is_texts(self.record_attributes):
            raise InvalidSettings(f"record_attributes must be paths of attributes, not {self.record_attributes!r}")

    def _check_objects(self) -> None:
        tracing_of(enabled=self.tracing)  # refuses where OpenTelemetry is missing
        if self.bootstrap is not None and not isinstance(self.bootstrap, str | Path | bytes | Mapping):
            raise InvalidSettings("bootstrap must be a path, bytes or a mapping")
        if self.cache_path is not None and not isinstance(self.cache_path, str | Path):
            raise InvalidSettings(f"cache_path must be a path, not {self.cache_path!r}")
        if self.ssl_context is not None and not hasattr(self.ssl_context, "wrap_socket"):
            raise InvalidSettings(f"ssl_context must be an ssl.SSLContext, not {self.ssl_context!r}")

    @property
    def base_url(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def stream_url(self) -> str:
        """The same place, for WebSockets."""
        scheme, _, place = self.base_url.partition("://")
        return f"ws{scheme.lower().removeprefix('http')}://{place}/sdk/stream"

    @property
    def key_id(self) -> str:
        """The public part of the key: names the environment, opens nothing."""
        match = _KEY.fullmatch(self.api_key)
        return match["id"] if match else ""


_POSITIVE_SECONDS = (
    "cache_interval",
    "connect_timeout",
    "heartbeat_timeout",
    "poll_interval",
    "request_timeout",
    "backoff_base",
    "backoff_cap",
    "unauthorized_retry",
    "flush_interval",
)


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, Collection)
        and not isinstance(value, str | bytes)
        and all(isinstance(text, str) for text in value)
    )


def _check_url(url: object) -> None:
    if not isinstance(url, str):
        raise InvalidSettings(f"url must be text, not {url!r}")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as problem:
        raise InvalidSettings(f"url {url!r} is not a URL: {problem}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidSettings(f"url must look like https://flags.example.com, not {url!r}")
    if parts.query or parts.fragment or parts.username:
        raise InvalidSettings("url must not carry a query, a fragment or credentials")


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key:
        raise InvalidSettings("api_key is missing: a server key of the environment, fs_srv_…")
    if key.startswith("fs_api_"):
        raise InvalidSettings("api_key is a management token (fs_api_…); a server key (fs_srv_…) is needed")
    if not _KEY.fullmatch(key):
        raise InvalidSettings("api_key does not look like fs_srv_<id>_<secret>")  # not shown: a secret


def _check_seconds(name: str, value: object, *, zero: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise InvalidSettings(f"{name} must be a number of seconds, not {value!r}")
    if not 0 <= value <= LONGEST_SECONDS or (value == 0 and not zero):
        least = "at least" if zero else "more than"
        raise InvalidSettings(f"{name} must be {least} 0 and at most {LONGEST_SECONDS:,.0f} seconds, not {value!r}")


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidSettings(f"{name} must be a whole number from 1, not {value!r}")
