"""The rows of recorded evaluations, as both the server and SDKs hand them in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.models import Environment
from flags.contexts import listed
from flags.models import RecordedEvaluation

_AT_ONCE = 1_000


class Record(NamedTuple):
    """An evaluation as it is kept: the id maybe as a hash, the attributes by their paths, never the value."""

    flag: str
    context_id: str
    variation: str
    reason: str
    rule: str
    error_code: str
    revision: int
    time: datetime
    attributes: Mapping[str, Any]


def keep_records(
    environment: Environment,
    records: Sequence[Record],
    *,
    source: RecordedEvaluation.Source,
    batch: UUID | None = None,
) -> None:
    """Insert the records, with those attributes that the project lists now."""
    paths = environment.project.recorded_attributes
    RecordedEvaluation.objects.bulk_create(
        (
            RecordedEvaluation(
                environment=environment,
                flag_key=record.flag,
                context_id=record.context_id,
                variation=record.variation,
                reason=record.reason,
                rule=record.rule,
                error_code=record.error_code,
                revision=record.revision,
                time=record.time,
                attributes=listed(record.attributes, paths),
                source=source,
                batch=batch,
            )
            for record in records
        ),
        batch_size=_AT_ONCE,
    )
