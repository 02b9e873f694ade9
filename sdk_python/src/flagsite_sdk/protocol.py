"""What a message of the server means for someone who holds a revision. No sockets, no threads, no clock.

The stream and the polls hand every message in and are told what to do with it: take it whole, apply it,
nothing, or start over because something was missed. Revision numbers are the only judge: a message names the
revision it starts from (``since``) and the one it leads to.
"""

import zlib
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from flagsite_sdk.errors import Unreadable

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way of saying: with a gzip header
_BEHIND_AT_MOST = 3  # heartbeats
_EMPTY = b'{"revision":0,"flags":{},"segments":{}}'


class Verdict(StrEnum):
    """What to do with a message."""

    REPLACE = "replace"  # take this snapshot
    APPLY = "apply"  # apply this delta
    FRESH = "fresh"  # nothing new: what is held is the server's current revision, or newer
    GAP = "gap"  # changes were missed: connect again and say what is held
    RESTART = "restart"  # the server went back in time (restored from a backup): ask for everything


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one message, the message's JSON, and in it where in a trace its change was made (unread)."""

    verdict: Verdict
    revision: int
    document: bytes = b""
    trace: bytes = b""


class _Envelope(msgspec.Struct):
    """The outside of any message: whole or delta or heartbeat; what is inside stays unread."""

    revision: int
    since: int | None = None
    flags: msgspec.Raw = msgspec.Raw()
    trace: msgspec.Raw = msgspec.Raw()


_read = msgspec.json.Decoder(_Envelope)


class Protocol:
    """One conversation with a server."""

    def __init__(self, *, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._behind = 0

    def receive(self, message: str | bytes, *, holding: int | None) -> Decision:
        """Judge a message.

        Args:
            message: text is JSON; bytes are gzipped JSON.
            holding: the revision held of this server's environment; None when none is.

        Raises:
            Unreadable: it is neither a snapshot nor a delta nor a heartbeat.
        """
        document = message.encode() if isinstance(message, str) else self._unpacked(message)
        return self.receive_document(document, holding=holding)

    def receive_document(self, document: bytes, *, holding: int | None) -> Decision:
        """Judge plain JSON; the rest as in ``receive``."""
        if len(document) > self._max_message_bytes:
            raise Unreadable(f"a message of {len(document)} bytes is more than {self._max_message_bytes}")
        try:
            envelope = _read.decode(document)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise Unreadable(f"not a message of Flagsite's stream: {problem}") from None
        if envelope.since is not None:
            return self._delta(envelope, envelope.since, document, holding)
        if bytes(envelope.flags):
            self._behind = 0
            return Decision(Verdict.REPLACE, envelope.revision, document)
        return self._heartbeat(envelope.revision, holding)

    def _delta(self, envelope: _Envelope, since: int, document: bytes, holding: int | None) -> Decision:
        revision = envelope.revision
        if holding is None or since > holding:
            return Decision(Verdict.GAP, revision)
        if revision <= holding:
            return Decision(Verdict.FRESH, revision)
        self._behind = 0
        return Decision(Verdict.APPLY, revision, document, bytes(envelope.trace))

    def _heartbeat(self, revision: int, holding: int | None) -> Decision:
        if holding is None and revision == 0:  # an environment in which nothing was ever published
            return Decision(Verdict.REPLACE, 0, _EMPTY)
        if holding is None or revision > holding:
            return Decision(Verdict.GAP, revision)
        if revision == holding:
            self._behind = 0
            return Decision(Verdict.FRESH, revision)
        # one server process may lag behind another for a moment; one that stays behind has lost revisions
        self._behind += 1
        if self._behind < _BEHIND_AT_MOST:
            return Decision(Verdict.FRESH, revision)
        self._behind = 0
        return Decision(Verdict.RESTART, revision)

    def _unpacked(self, packed: bytes) -> bytes:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            document = unpacker.decompress(packed, self._max_message_bytes + 1)
        except zlib.error as problem:
            raise Unreadable(f"a binary frame that is not gzip: {problem}") from None
        if not unpacker.eof and len(document) <= self._max_message_bytes:
            raise Unreadable("a binary frame that ends in the middle")
        return document
