"""One attempt to tell one receiver: a request or an e-mail, within bounds, and what came of it.

Touches no table, so that it can run in a thread and outside any transaction. It never raises: whatever goes wrong is an
answer, in a sentence.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpcore
from django.core.mail import EmailMessage

from rollouts.notices.connecting import (
    CONNECT_SECONDS,
    READ_SECONDS,
    TOTAL_SECONDS,
    Deadline,
    JudgedBackend,
    OutOfBounds,
)
from rollouts.notices.endpoints import BadEndpoint, endpoint_of

MAX_ANSWER_BYTES: Final = 1_000
"""What is read and kept of an answer; the rest is never fetched."""
MAX_ERROR: Final = 500
"""Characters of what went wrong."""
_TIMEOUTS: Final = {
    "connect": CONNECT_SECONDS,
    "read": READ_SECONDS,
    "write": READ_SECONDS,
    "pool": CONNECT_SECONDS,
}


@dataclass(frozen=True)
class Post:
    """A request to a webhook."""

    address: str
    headers: Mapping[str, str]
    body: bytes
    allowed: Sequence[str]
    """Networks that are not public and may be reached all the same."""


@dataclass(frozen=True)
class Letter:
    """An e-mail to one address."""

    to: str
    subject: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Unsendable:
    """Something that cannot even be tried, and why."""

    why: str


Message = Post | Letter | Unsendable


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: a status code or, when there is none, what went wrong."""

    milliseconds: int
    status_code: int | None = None
    text: str = ""
    error: str = ""
    is_taken: bool = False

    @property
    def is_gone(self) -> bool:
        """Tell whether the receiver wants nothing more, ever (410 Gone)."""
        return self.status_code == 410  # noqa: PLR2004 - the status


def send(message: Message) -> Answer:
    """Try once."""
    begun = time.monotonic()
    status, text, error = None, "", ""
    try:
        match message:
            case Post():
                status, text = _posted(message)
            case Letter():
                _mail(message)
            case Unsendable():
                error = message.why
    except Exception as failure:  # noqa: BLE001 - whatever a mail server or a library does, the next one has its turn
        error = _in_words(failure)
    milliseconds = round((time.monotonic() - begun) * 1000)
    is_taken = error == "" and (status is None or 200 <= status < 300)  # noqa: PLR2004 - success, as HTTP has it
    return Answer(milliseconds, status, text, error, is_taken)


def _in_words(failure: Exception) -> str:
    match failure:
        case BadEndpoint() | OutOfBounds():
            words = str(failure)
        case httpcore.TimeoutException():
            words = "It did not answer in time."
        case httpcore.ConnectError():
            words = f"No connection: {failure}"
        case httpcore.NetworkError() | httpcore.ProtocolError():
            words = f"The connection broke: {failure}"
        case _:
            words = f"{type(failure).__name__}: {failure}"
    return words.replace("\0", "")[:MAX_ERROR]


def _posted(post: Post) -> tuple[int, str]:
    endpoint = endpoint_of(post.address)
    backend = JudgedBackend(endpoint, allowed=post.allowed, deadline=Deadline(TOTAL_SECONDS))
    url = httpcore.URL(scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port, target=endpoint.path)
    headers = [*post.headers.items(), ("Connection", "close")]
    trust = _trust() if endpoint.scheme == "https" else None
    with (
        httpcore.ConnectionPool(ssl_context=trust, network_backend=backend) as pool,
        pool.stream("POST", url, headers=headers, content=post.body, extensions={"timeout": _TIMEOUTS}) as response,
    ):
        return response.status, _beginning_of(response)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom TLS trusts: the system's authorities (`SSL_CERT_FILE`) and those of certifi."""
    return httpcore.default_ssl_context()


def _beginning_of(response: httpcore.Response) -> str:
    """Return the first bytes of an answer; its status counts, even if they never come."""
    found = b""
    try:
        for part in response.iter_stream():
            found += part
            if len(found) >= MAX_ANSWER_BYTES:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    return found[:MAX_ANSWER_BYTES].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _mail(letter: Letter) -> None:
    message = EmailMessage(letter.subject, letter.body, to=[letter.to], headers=dict(letter.headers))
    message.send()
