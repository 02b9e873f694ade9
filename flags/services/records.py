"""The rows of recorded evaluations, as both the server and SDKs hand them in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from django.db import connection, transaction

from accounts.models import Environment
from flags.answers import Decided
from flags.contexts import listed
from flags.models import RecordedEvaluation
from flags.services import binary_rows
from flags.services.refusals import write_what_can_be

_AT_ONCE: Final = 1_000
_COPY: Final = """
    COPY flags_recordedevaluation (
        environment_id, source, batch, flag_key, variation, reason, rule, error_code, revision,
        context_id, time, attributes
    ) FROM STDIN (FORMAT BINARY)
"""
"""First what many rows have in common, which is encoded once for them."""
_ROW: Final = binary_rows.row_of(12)
_NOTHING: Final = binary_rows.jsonb(b"{}")


class Record(NamedTuple):
    """What was decided for a context at a moment: the id maybe as a hash, the attributes by their paths, no value."""

    context_id: str
    time: datetime
    attributes: Mapping[str, Any]
    decided: Sequence[Decided]
    """Each is a row of its own."""


def keep_records(
    environment: Environment,
    records: Iterable[Record],
    *,
    source: RecordedEvaluation.Source,
    batch: UUID | None = None,
) -> int:
    """Insert the records, with those attributes that the project lists now; return how many rows were refused."""
    if _takes_copies():
        return len(write_what_can_be(_encoded(environment, records, source, batch), _copy))
    return len(write_what_can_be(list(_made(environment, records, source, batch)), _insert))


def _takes_copies() -> bool:
    return connection.vendor == "postgresql"


def _encoded(
    environment: Environment, records: Iterable[Record], source: RecordedEvaluation.Source, batch: UUID | None
) -> list[bytes]:
    paths = environment.project.recorded_attributes
    place = _ROW + binary_rows.bigint(environment.pk) + binary_rows.text(source.value) + binary_rows.uuid(batch)
    heads: dict[Decided, bytes] = {}
    rows = []
    for context_id, time, attributes, each in records:
        kept = binary_rows.jsonb(orjson.dumps(listed(attributes, paths))) if attributes else _NOTHING
        tail = binary_rows.text(context_id) + binary_rows.timestamptz(time) + kept
        for decided in each:
            head = heads.get(decided)
            if head is None:
                *texts, revision = decided
                head = heads[decided] = place + b"".join(map(binary_rows.text, texts)) + binary_rows.bigint(revision)
            rows.append(head + tail)
    return rows


@transaction.atomic
def _copy(rows: Sequence[bytes]) -> None:
    """Insert the rows by PostgreSQL's COPY, which costs a tenth of what INSERT by the ORM does."""
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(_COPY) as copy,
    ):
        copy.write(binary_rows.BEGIN)
        left = iter(rows)
        while some := b"".join(islice(left, _AT_ONCE)):
            copy.write(some)
        copy.write(binary_rows.END)


def _made(
    environment: Environment, records: Iterable[Record], source: RecordedEvaluation.Source, batch: UUID | None
) -> Iterator[RecordedEvaluation]:
    paths = environment.project.recorded_attributes
    for context_id, time, attributes, each in records:
        for decided in each:
            yield RecordedEvaluation(
                environment=environment,
                flag_key=decided.flag,
                context_id=context_id,
                variation=decided.variation,
                reason=decided.reason,
                rule=decided.rule,
                error_code=decided.error_code,
                revision=decided.revision,
                time=time,
                attributes=listed(attributes, paths),
                source=source,
                batch=batch,
            )


@transaction.atomic
def _insert(rows: Sequence[RecordedEvaluation]) -> None:
    RecordedEvaluation.objects.bulk_create(rows, batch_size=_AT_ONCE)
