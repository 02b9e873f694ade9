"""What an SDK reports, read and checked. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from flagsite_sdk.engine.result import ErrorCode, Reason
from msgspec import Meta

from flags.limits import MAX_REPORT_ROWS, MAX_REPORTED_UPDATES

MAX_COUNT: Final = 10**12
"""How often one thing may have happened within a minute; sums of very many such still fit into 64 bits."""

MAX_REVISION: Final = 2**63 - 1
"""What a column of revisions holds."""

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 9000

_STORABLE: Final = r"^[^\x00]*$"
"""PostgreSQL's texts cannot hold the NUL character."""


def _one_of(words: Iterable[str]) -> str:
    return rf"^({'|'.join(words)})\Z"


Key = Annotated[str, Meta(min_length=1, max_length=128, pattern=_STORABLE)]
Why = Annotated[str, Meta(pattern=_one_of(Reason))]
"""A reason; one that there is not would be shown as if there were."""
Moment = Annotated[datetime, Meta(tz=True)]


def _check_year(moment: datetime) -> None:
    """Refuse what turns into no date at all in another time zone."""
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"A moment lies in the years {_FIRST_YEAR} to {_LAST_YEAR}")


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a flag came out as a variation for a reason within a minute; where it failed: no variation, a code."""

    flag: Key
    variation: Annotated[str, Meta(max_length=128, pattern=_STORABLE)] | None
    reason: Why
    count: Annotated[int, Meta(ge=1, le=MAX_COUNT)]
    minute: Moment
    error_code: Annotated[str, Meta(max_length=32, pattern=_STORABLE)] | None = None

    def __post_init__(self) -> None:
        _check_year(self.minute)


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a context did."""

    name: Key
    context_id: Annotated[str, Meta(max_length=512, pattern=_STORABLE)]
    time: Moment
    value: float | None = None

    def __post_init__(self) -> None:
        _check_year(self.time)


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One evaluation, as the SDK has recorded it: who got what and why, or which error; never the value."""

    flag: Key
    context_id: Annotated[str, Meta(max_length=512, pattern=_STORABLE)]
    variation: Key | None
    reason: Why
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)]
    time: Moment
    rule: Key | None = None
    error_code: Annotated[str, Meta(pattern=_one_of(ErrorCode))] | None = None
    attributes: dict[str, Any] = {}

    def __post_init__(self) -> None:
        _check_year(self.time)
        has_failed, says_why = self.variation is None, self.error_code is not None
        if not has_failed == says_why == (self.reason == Reason.ERROR):
            raise ValueError("An evaluation has a variation, or the reason ERROR and an error_code")


class Update(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A revision that the SDK has applied, and for how many seconds it had when it sent the report.

    An age and no moment, so that the SDK's clock does not matter.
    """

    revision: Annotated[int, Meta(ge=1, le=MAX_REVISION)]
    source: Literal["stream", "poll"]
    age_seconds: Annotated[float, Meta(ge=0)]


class Dropped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the SDK has lost since its last report: queues were full, a report was refused, a key was none."""

    counts: Annotated[int, Meta(ge=0, le=MAX_COUNT)] = 0
    """Evaluations that are in no count."""
    events: Annotated[int, Meta(ge=0, le=MAX_COUNT)] = 0
    records: Annotated[int, Meta(ge=0, le=MAX_COUNT)] = 0


class Sdk(msgspec.Struct, frozen=True):
    """Who reports, the revision that it decides by, and when it sends this, by its clock; sent again, it is later.

    What later SDKs add here is passed over.
    """

    name: Annotated[str, Meta(max_length=64, pattern=_STORABLE)]
    version: Annotated[str, Meta(max_length=64, pattern=_STORABLE)]
    instance: Annotated[str, Meta(max_length=64, pattern=_STORABLE)]
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)] | None = None
    sent_at: Moment | None = None

    def __post_init__(self) -> None:
        if self.sent_at is not None:
            _check_year(self.sent_at)


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One batch; `batch` stays the same when it is sent again."""

    batch: UUID
    sdk: Sdk
    counts: Annotated[list[Count], Meta(max_length=MAX_REPORT_ROWS)] = []
    events: Annotated[list[Event], Meta(max_length=MAX_REPORT_ROWS)] = []
    evaluations: Annotated[list[Evaluation], Meta(max_length=MAX_REPORT_ROWS)] = []
    updates: Annotated[list[Update], Meta(max_length=MAX_REPORTED_UPDATES)] = []
    dropped: Dropped = Dropped()
