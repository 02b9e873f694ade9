"""Taking what SDKs report: each batch is counted once, however often it is sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Environment
from flags import metrics
from flags.contexts import stored_id
from flags.models import Flag, LastEvaluation, ReportBatch, SdkInstance, SdkLoss, TrackedEvent
from flags.services.counts import count_evaluations
from flags.services.instances import note_instances
from flags.services.losses import note_losses
from flags.services.sdk_records import keep_sdk_records
from flags.usage import quotas
from flags.usage.clocks import Clocks
from flags.usage.latency import note_latencies
from flags.usage.reports import Event, Report
from flags.usage.watched import buckets_of_id, watched_salts
from flagsite.lib import clock

INSTANCE_RETENTION: Final = timedelta(days=1)
"""An SDK that has not reported for so long is forgotten."""


@transaction.atomic
def receive_report(environment: Environment, report: Report) -> bool:
    """Add a batch to the counts, keep its events and evaluations; False when it had been taken already.

    Raises:
        TooManyRequests: when the environment's SDKs have reported too much.
    """
    quotas.take(environment.pk, report)
    batch = ReportBatch(id=report.batch, environment=environment, received_at=clock.now())
    is_new = _is_new(batch)
    _measure(environment, report, is_new=is_new, received_at=batch.received_at)
    if not is_new:
        return False
    clocks = Clocks.of(report, ours=batch.received_at)
    count_evaluations(environment, report.counts, clocks=clocks)
    note_instances({(environment.pk, report.sdk.instance): report.sdk}, at=batch.received_at)
    note_losses(environment, report.dropped, at=batch.received_at)
    _keep_events(environment, report.events, clocks)
    keep_sdk_records(environment, report.evaluations, batch=report.batch, clocks=clocks)
    return True


def _keep_events(environment: Environment, events: Sequence[Event], clocks: Clocks) -> None:
    """Insert events; where only hashes of ids are kept, with where the ids fall in the flags that are watched."""
    if not events:
        return
    project = environment.project
    hashed, salt = project.hash_context_ids, project.context_salt
    watched = watched_salts(environment) if hashed else ()
    TrackedEvent.objects.bulk_create(
        TrackedEvent(
            environment=environment,
            name=event.name,
            context_id=stored_id(event.context_id, salt=salt, hashed=hashed),
            value=event.value,
            time=clocks.set_right(event.time),
            buckets=buckets_of_id(event.context_id, watched) if hashed else None,
        )
        for event in events
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


def _is_new(batch: ReportBatch) -> bool:
    """Insert the batch's row; a second sender waits for the first one's commit and then finds it there."""
    _, created = ReportBatch.objects.get_or_create(
        id=batch.id,
        defaults={"environment": batch.environment, "received_at": batch.received_at},
    )
    return created


@transaction.atomic
def forget_reports(*, older_than: timedelta) -> int:
    """Delete events and batch ids of before then, and SDKs that are silent; return how many rows went."""
    horizon = clock.now() - older_than
    events, _ = TrackedEvent.objects.filter(time__lt=horizon).delete()
    batches, _ = ReportBatch.objects.filter(received_at__lt=horizon).delete()
    instances, _ = SdkInstance.objects.filter(reported_at__lt=clock.now() - INSTANCE_RETENTION).delete()
    SdkLoss.objects.filter(hour__lt=horizon).delete()
    flags = Flag.objects.filter(project=OuterRef("environment__project"), key=OuterRef("flag_key"))
    LastEvaluation.objects.filter(~Exists(flags), at__lt=horizon).delete()
    return events + batches + instances
