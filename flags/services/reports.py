"""Taking what SDKs report: each batch is counted once, however often it is sent."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from accounts.models import Environment
from flags.models import EvaluationCount, ReportBatch, TrackedEvent
from flags.reports import Report
from flagsite.lib import clock

_ADD = """
    INSERT INTO flags_evaluationcount (environment_id, flag_key, variation, reason, minute, count)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (environment_id, flag_key, variation, reason, minute)
    DO UPDATE SET count = flags_evaluationcount.count + EXCLUDED.count
"""
"""Django's bulk_create can replace a row that is there, but not add to it. Both databases know this SQL."""


@transaction.atomic
def receive_report(environment: Environment, report: Report) -> bool:
    """Add a batch to the counts and keep its events; False when it had been taken already."""
    batch = ReportBatch(id=report.batch, environment=environment, received_at=clock.now())
    if not _is_new(batch):
        return False
    _add_counts(environment, report)
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
    return True


def _is_new(batch: ReportBatch) -> bool:
    """Insert the batch's row; a second sender waits for the first one's commit and then finds it there."""
    _, created = ReportBatch.objects.get_or_create(
        id=batch.id,
        defaults={"environment": batch.environment, "received_at": batch.received_at},
    )
    return created


def _add_counts(environment: Environment, report: Report) -> None:
    """Add to the minute's rows, in one order for everybody, so that two reporters cannot wait for each other."""
    sums: Counter[tuple[str, str, str, datetime]] = Counter()
    for entry in report.counts:
        minute = entry.minute.astimezone(UTC).replace(second=0, microsecond=0)
        sums[entry.flag, entry.variation or "", entry.reason, minute] += entry.count
    rows = [
        (environment.pk, flag, variation, reason, minute, count)
        for (flag, variation, reason, minute), count in sorted(sums.items(), key=lambda item: str(item[0]))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


@transaction.atomic
def forget_reports(*, older_than: timedelta) -> int:
    """Delete counts, events and batch ids of before then; return how many rows went."""
    horizon = clock.now() - older_than
    counts, _ = EvaluationCount.objects.filter(minute__lt=horizon).delete()
    events, _ = TrackedEvent.objects.filter(time__lt=horizon).delete()
    batches, _ = ReportBatch.objects.filter(received_at__lt=horizon).delete()
    return counts + events + batches
