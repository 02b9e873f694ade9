"""`WS /sdk/stream?since=N`: who may follow, and handing their connection to the hub.

A plain ASGI application. Where the server can give the accepted connection away (`flagsite.websocket`), nothing of the
handshake outlives it; under any other server the stream goes through `send`.
"""

from typing import Any
from urllib.parse import parse_qs

import orjson
from django.db import OperationalError

from accounts.models import ServerKey
from flags.stream import metrics
from flags.stream.feed import Feed
from flags.stream.frames import websocket_frame, websocket_goodbye, websocket_message
from flags.stream.hub import Hub, hub
from flags.stream.lines import HAND_OVER, AsgiLine, Line
from flags.stream.presence import sdk_of
from flags.stream.subscriber import Subscriber
from flagsite.lib import problems
from flagsite.lib.client_address import address_told
from flagsite.lib.digits import number_of


async def follow(scope: Any, receive: Any, send: Any) -> None:
    """Let a server key in, refuse everything else with the problem that HTTP would give."""
    await receive()  # that it connects
    the_hub = hub()
    headers = dict(scope["headers"])
    try:
        with the_hub.admission.handshake():
            line = await _let_in(scope, headers, the_hub, send)
    except problems.Refusal as refusal:
        await _refuse(refusal, scope, send)
    except OperationalError:
        await _refuse(problems.Unavailable.database(), scope, send)
    else:
        if isinstance(line, AsgiLine):
            await line.run(receive)


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a WebSocket at any other address."""
    await receive()
    await _refuse(problems.NotFound("There is no stream at this address."), scope, send)


async def _let_in(scope: Any, headers: dict[bytes, bytes], the_hub: Hub, send: Any) -> Line:
    key, feed = await identify(scope, headers, the_hub)
    await send({"type": "websocket.accept"})
    hand_over = scope.get("extensions", {}).get(HAND_OVER)
    line: Line = (
        AsgiLine(send, encode=websocket_message, goodbye=websocket_goodbye)
        if hand_over is None
        else hand_over["line"](websocket_frame)
    )
    since = since_of(scope)
    the_hub.join(Subscriber(feed, revision=since, key_id=key.pk, line=line, sdk=sdk_of(headers), on_left=the_hub.leave))
    return line


def _address(scope: Any, headers: dict[bytes, bytes]) -> str | None:
    remote = (scope.get("client") or ("",))[0]
    return address_told(remote, lambda name: _text(headers, name.lower().encode()))


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


async def identify(scope: Any, headers: dict[bytes, bytes], the_hub: Hub) -> tuple[ServerKey, Feed]:
    """Return the key that asks, and the feed of its environment at the present revision.

    Raises:
        Refusal: when no server key in force asks.
    """
    key = await the_hub.keys.key_of(_text(headers, b"authorization"), address=_address(scope, headers))
    return key, await the_hub.feed_of(key.environment)


def since_of(scope: Any) -> int:
    """Return the revision that the client says it holds; what is no number means that it holds none."""
    (text,) = parse_qs(scope["query_string"].decode("latin-1")).get("since", ["0"])[:1]
    return number_of(text) or 0


async def _refuse(refusal: problems.Refusal, scope: Any, send: Any) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers, body = answer_to(refusal)
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def answer_to(refusal: problems.Refusal) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the headers and the body that tell a refusal, and count it."""
    metrics.refused(refusal.status)
    headers = [(b"content-type", problems.CONTENT_TYPE.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    return headers, orjson.dumps(problems.of_refusal(refusal))
