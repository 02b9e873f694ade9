"""An update as each kind of line takes it. Made once for all lines of the kind that lack the same."""

from __future__ import annotations

from dataclasses import replace
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final

import orjson
from websockets.frames import Frame, Opcode

from flags.stream.lines import RESTARTING

if TYPE_CHECKING:
    from flags.snapshots import Update  # not otherwise: servers load this before Django is set up

SNAPSHOT: Final = "snapshot"
DELTA: Final = "delta"
HEARTBEAT: Final = "heartbeat"
REFETCH: Final = b'data: {"type":"refetchEvaluation"}\n\n'
"""The event of OFREP's proposal for server-sent events."""
COME_BACK_MS: Final = (100, 3_000)
_CHANCE: Final = SystemRandom()


def websocket_frame(update: Update) -> bytes:
    """Return the frame as it stands on the wire: what a server sends is not masked (RFC 6455, 5.1), so all share it."""
    if update.compressed is None:
        return Frame(Opcode.TEXT, update.body).serialize(mask=False)
    return Frame(Opcode.BINARY, update.compressed).serialize(mask=False)


def websocket_message(update: Update) -> dict[str, Any]:
    """Return the message for a server that makes the frames itself."""
    if update.compressed is None:
        return {"type": "websocket.send", "text": update.body.decode()}
    return {"type": "websocket.send", "bytes": update.compressed}


def websocket_goodbye(code: int, reason: str) -> dict[str, Any]:
    """Return the message that closes a WebSocket."""
    return {"type": "websocket.close", "code": code, "reason": reason}


def with_trace(update: Update, trace: Any) -> Update:
    """Return a delta with a member `trace` at its end."""
    return replace(update, body=update.body[:-1] + b',"trace":' + orjson.dumps(trace) + b"}")


def event(update: Update) -> bytes:
    """Return a server-sent event, whose id is the revision; of a heartbeat, a comment."""
    if not update.is_news:
        return b": %d\n\n" % update.revision
    kind = DELTA if update.compressed is None else SNAPSHOT
    return b"event: %s\nid: %d\ndata: %s\n\n" % (kind.encode(), update.revision, update.body)


def refetch_event(update: Update) -> bytes:
    """Return the event by which OFREP's clients are told to ask again; of a heartbeat, a comment."""
    return event(update) if not update.is_news else b"id: %d\n%s" % (update.revision, REFETCH)


def event_goodbye(code: int) -> bytes:
    """Return what ends a stream of events: in how many milliseconds to come back, drawn for each client."""
    least, most = COME_BACK_MS if code == RESTARTING else (0, 0)
    return b"retry: %d\n\n" % _CHANCE.randint(least, most) if most else b""
