"""What an SDK reports, read and checked. Pure."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from flags.limits import MAX_REPORT_ROWS

Key = Annotated[str, Meta(min_length=1, max_length=128)]
Moment = Annotated[datetime, Meta(tz=True)]


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a flag came out as a variation for a reason, within a minute; no variation when it failed."""

    flag: Key
    variation: Annotated[str, Meta(max_length=128)] | None
    reason: Annotated[str, Meta(max_length=32)]
    count: Annotated[int, Meta(ge=1, le=2**53)]
    minute: Moment


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a context did."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    context_id: Annotated[str, Meta(max_length=512)]
    time: Moment
    value: float | None = None


class Sdk(msgspec.Struct, frozen=True):
    """Who reports."""

    name: Annotated[str, Meta(max_length=64)]
    version: Annotated[str, Meta(max_length=64)]
    instance: Annotated[str, Meta(max_length=64)]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One batch; `batch` stays the same when it is sent again."""

    batch: UUID
    sdk: Sdk
    counts: Annotated[list[Count], Meta(max_length=MAX_REPORT_ROWS)] = []
    events: Annotated[list[Event], Meta(max_length=MAX_REPORT_ROWS)] = []
