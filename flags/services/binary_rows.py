"""Rows as PostgreSQL's COPY takes them in its binary format: what it need not read costs neither side anything. Pure.

A row is the number of its fields, then each with its length before it. The formats of the types are those of their
`recv` functions (src/backend/utils/adt); the frame is described in PostgreSQL's manual under COPY, "Binary Format".
Knows nothing of any table.
"""

from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What comes before the rows: the signature, no flags, no extension."""
END: Final = b"\xff\xff"
NULL: Final = b"\xff\xff\xff\xff"

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_count: Final = Struct("!h").pack
_length: Final = Struct("!i").pack
_eight_bytes: Final = Struct("!iq").pack
_JSONB_VERSION: Final = b"\x01"


def row_of(fields: int) -> bytes:
    """Return the beginning of a row of so many fields."""
    return _count(fields)


def text(value: str) -> bytes:
    """Return a field of the types text and varchar; what is no Unicode (a lone surrogate) becomes a question mark."""
    encoded = value.encode("utf-8", "replace")
    return _length(len(encoded)) + encoded


def bigint(value: int) -> bytes:
    """Return a field of the type bigint."""
    return _eight_bytes(8, value)


def timestamptz(moment: datetime) -> bytes:
    """Return a field of the type timestamptz: microseconds since 2000."""
    return _eight_bytes(8, (moment - _EPOCH) // _MICROSECOND)


def jsonb(document: bytes) -> bytes:
    """Return a field of the type jsonb, of a document in UTF-8."""
    return _length(len(document) + 1) + _JSONB_VERSION + document


def uuid(value: UUID | None) -> bytes:
    """Return a field of the type uuid."""
    return NULL if value is None else _length(16) + value.bytes
