"""An update as each kind of line takes it. Made once for all lines of the kind that lack the same."""

from typing import Any, Final

import orjson
from websockets.frames import Frame, Opcode

from flags.snapshots import Update

SNAPSHOT: Final = "snapshot"
DELTA: Final = "delta"
HEARTBEAT: Final = "heartbeat"


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
    return Update(update.revision, update.body[:-1] + b',"trace":' + orjson.dumps(trace) + b"}")
