"""Taking what SDKs report: each batch is counted once, however often it is sent."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts.models import Environment, Project
from flags import metrics
from flags.contexts import kept_of, stored_id
from flags.latency import note_latencies
from flags.models import EvaluationCount, Flag, LastEvaluation, RecordedEvaluation, ReportBatch, TrackedEvent
from flags.reports import Count, Evaluation, Report
from flags.services.records import Record, keep_records
from flagsite.lib import clock

_ADD = """
    INSERT INTO flags_evaluationcount (environment_id, flag_key, variation, reason, minute, count)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (environment_id, flag_key, variation, reason, minute)
    DO UPDATE SET count = flags_evaluationcount.count + EXCLUDED.count
"""
"""Django's bulk_create can replace a row that is there, but not add to it. Both databases know this SQL."""

_LAST = """
    INSERT INTO flags_lastevaluation (environment_id, flag_key, at)
    VALUES (%s, %s, %s)
    ON CONFLICT (environment_id, flag_key)
    DO UPDATE SET at = EXCLUDED.at WHERE flags_lastevaluation.at < EXCLUDED.at
"""
LAST_EVALUATION_PRECISION: Final = timedelta(hours=1)
"""The last evaluation of a flag is written down at most so often, so that most reports only read it."""


@transaction.atomic
def receive_report(environment: Environment, report: Report) -> bool:
    """Add a batch to the counts, keep its events and evaluations; False when it had been taken already."""
    batch = ReportBatch(id=report.batch, environment=environment, received_at=clock.now())
    is_new = _is_new(batch)
    _measure(environment, report, is_new=is_new, received_at=batch.received_at)
    if not is_new:
        return False
    count_evaluations(environment, report.counts)
    TrackedEvent.objects.bulk_create(
        TrackedEvent(
            environment=environment,
            name=event.name,
            context_id=event.context_id,
            value=event.value,
            time=event.time,
        )
        for event in report.events
    )
    if settings.RECORD_EVALUATIONS:
        records = [_record_of(entry, environment.project, batch.received_at) for entry in report.evaluations]
        keep_records(environment, records, source=RecordedEvaluation.Source.SDK, batch=report.batch)
    return True


def _record_of(entry: Evaluation, project: Project, now: datetime) -> Record:
    """Return an SDK's evaluation as it is kept; a clock that runs ahead would put it where nobody looks."""
    return Record(
        flag=entry.flag,
        context_id=stored_id(entry.context_id, salt=project.context_salt, hashed=project.hash_context_ids),
        variation=entry.variation,
        reason=entry.reason,
        rule=entry.rule or "",
        error_code="",
        revision=entry.revision,
        time=min(entry.time.astimezone(UTC), now),
        attributes=kept_of(entry.attributes, project.recorded_attributes),
    )


def _measure(environment: Environment, report: Report, *, is_new: bool, received_at: datetime) -> None:
    """Put into the metrics what a batch tells; of one that is sent again only that it was."""
    place = metrics.Place.of(environment)
    rows = {"counts": len(report.counts), "events": len(report.events), "evaluations": len(report.evaluations)}
    metrics.reported(place, is_new=is_new, **rows)
    if is_new:
        for entry in report.counts:
            if entry.variation is None:
                metrics.failed(place, entry.flag, code=entry.error_code or "", source="sdk", number=entry.count)
            else:
                about = {"variation": entry.variation, "reason": entry.reason}
                metrics.evaluated(place, entry.flag, **about, source="sdk", number=entry.count)
        note_latencies(environment, report.updates, received_at=received_at)


@transaction.atomic
def count_evaluations(environment: Environment, counts: Iterable[Count]) -> None:
    """Add to how often flags were evaluated in each minute, and note when they last were."""
    given = list(counts)
    _add_counts(environment, given)
    _note_last_evaluations(environment, given)


def _is_new(batch: ReportBatch) -> bool:
    """Insert the batch's row; a second sender waits for the first one's commit and then finds it there."""
    _, created = ReportBatch.objects.get_or_create(
        id=batch.id,
        defaults={"environment": batch.environment, "received_at": batch.received_at},
    )
    return created


def _add_counts(environment: Environment, counts: list[Count]) -> None:
    """Add to the minute's rows, in one order for everybody, so that two reporters cannot wait for each other."""
    sums: Counter[tuple[str, str, str, datetime]] = Counter()
    for entry in counts:
        minute = entry.minute.astimezone(UTC).replace(second=0, microsecond=0)
        sums[entry.flag, entry.variation or "", entry.reason, minute] += entry.count
    rows = [
        (environment.pk, flag, variation, reason, minute, count)
        for (flag, variation, reason, minute), count in sorted(sums.items(), key=lambda item: str(item[0]))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


def _note_last_evaluations(environment: Environment, counts: list[Count]) -> None:
    """Write down when flags that are there were last asked for; in one order for everybody, as the counts."""
    newest: dict[str, datetime] = {}
    for entry in counts:
        newest[entry.flag] = max(entry.minute.astimezone(UTC), newest.get(entry.flag, entry.minute.astimezone(UTC)))
    held = LastEvaluation.objects.filter(environment=environment, flag_key__in=newest).values_list("flag_key", "at")
    known = dict(held)
    due = [key for key, at in newest.items() if key not in known or known[key] + LAST_EVALUATION_PRECISION < at]
    if due:
        there = Flag.objects.filter(project=environment.project_id, key__in=due).values_list("key", flat=True)
        now = clock.now()  # a clock that runs ahead would keep a flag fresh for as long
        with connection.cursor() as cursor:
            cursor.executemany(_LAST, [(environment.pk, key, min(newest[key], now)) for key in sorted(there)])


@transaction.atomic
def forget_reports(*, older_than: timedelta) -> int:
    """Delete counts, events and batch ids of before then; return how many rows went."""
    horizon = clock.now() - older_than
    counts, _ = EvaluationCount.objects.filter(minute__lt=horizon).delete()
    events, _ = TrackedEvent.objects.filter(time__lt=horizon).delete()
    batches, _ = ReportBatch.objects.filter(received_at__lt=horizon).delete()
    flags = Flag.objects.filter(project=OuterRef("environment__project"), key=OuterRef("flag_key"))
    LastEvaluation.objects.filter(~Exists(flags), at__lt=horizon).delete()
    return counts + events + batches
