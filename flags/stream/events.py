"""Server-sent events: the same deltas and snapshots for clients that speak no WebSocket, and OFREP's word to ask again.

Plain ASGI applications for `stream` processes; a `web` process has a thread for each request, and none to spare for one
that does not end. Where the server can give the connection away (`flagsite.event_streams`), the hub writes to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

import orjson
from django.db import OperationalError

from flags.snapshots import Update
from flags.stream.frames import REFETCH, event, event_goodbye, refetch_event
from flags.stream.handshake import answer_to, identify, since_of
from flags.stream.hub import Hub, hub
from flags.stream.lines import HAND_OVER, AsgiLine, Line, Message
from flags.stream.presence import sdk_of
from flags.stream.subscriber import Subscriber
from flagsite.lib import problems
from flagsite.lib.digits import number_of

_HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
)
_HEAD: Final = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%s: %s\r\n" % header for header in _HEADERS) + b"\r\n"
_PROBLEM: Final = (b"content-type", problems.CONTENT_TYPE.encode())
_ONLY_GET: Final = orjson.dumps(
    problems.document(status=HTTPStatus.METHOD_NOT_ALLOWED, code="METHOD_NOT_ALLOWED", detail="Events are got.")
)


@dataclass(frozen=True)
class Events:
    """One address."""

    encode: Callable[[Update], bytes]
    is_configuration: bool
    """Whether events say what is new, or only that something is."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a server key in; refuse everything else with a problem."""
        the_hub = hub()
        try:
            if scope["method"] != HTTPMethod.GET:
                await _answer(HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", b"GET"), _PROBLEM], _ONLY_GET, send)
                return
            with the_hub.admission.handshake():
                subscriber = await self._let_in(scope, the_hub, send)
        except problems.Refusal as refusal:
            await _refuse(refusal, send)
        except OperationalError:
            await _refuse(problems.Unavailable.database(), send)
        else:
            if isinstance(subscriber.line, AsgiLine):
                await subscriber.line.run(receive)

    async def _let_in(self, scope: Any, the_hub: Hub, send: Any) -> Subscriber:
        headers = dict(scope["headers"])
        key, feed = await identify(scope, headers, the_hub)
        since = number_of(headers.get(b"last-event-id", b"").decode("latin-1")) or since_of(scope)
        opening = b""
        if not self.is_configuration and not since:  # what has changed since they asked is not known
            since, opening = feed.revision, b"id: %d\n%s" % (feed.revision, REFETCH)
        line = await self._line(scope, opening, send)
        subscriber = Subscriber(
            feed, revision=since, key_id=key.pk, line=line, sdk=sdk_of(headers), on_left=the_hub.leave
        )
        the_hub.join(subscriber)
        return subscriber

    async def _line(self, scope: Any, opening: bytes, send: Any) -> Line:
        hand_over = scope.get("extensions", {}).get(HAND_OVER)
        if hand_over is not None:
            line: Line = hand_over["line"](self.encode, _HEAD + opening)
            return line
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": list(_HEADERS)})
        await send(_body(opening))
        return AsgiLine(send, encode=self._message, goodbye=_goodbye)

    def _message(self, update: Update) -> Message:
        return _body(self.encode(update))


CONFIGURATION: Final = Events(event, is_configuration=True)
REFETCHES: Final = Events(refetch_event, is_configuration=False)
ADDRESSES: Final = {"/sdk/stream/events": CONFIGURATION, "/ofrep/v1/events": REFETCHES}
"""Which Django does not know: their answers do not end."""


def _body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _goodbye(code: int, reason: str) -> Message:
    del reason
    return _body(event_goodbye(code), more=False)


async def _refuse(refusal: problems.Refusal, send: Any) -> None:
    await _answer(refusal.status, *answer_to(refusal), send)


async def _answer(status: int, headers: list[tuple[bytes, bytes]], body: bytes, send: Any) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(_body(body, more=False))
