"""What Celery does for the flags app."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from flags.services import forget_contexts as forget_people
from flags.services import forget_evaluations as forget_decided
from flags.services import forget_reports as forget
from flags.services import make_partitions
from flags.services import publish_due as publish
from flags.services import roll_up_counts as roll_up


@shared_task
def forget_reports() -> int:
    """Delete reports older than their retention; return how many rows went."""
    return forget(older_than=timedelta(days=settings.REPORT_RETENTION_DAYS))


@shared_task
def roll_up_counts() -> int:
    """Move counts of minutes to their hours, of hours to their days; return how many rows went."""
    return roll_up(
        minutes_kept=timedelta(hours=settings.COUNT_MINUTES_RETENTION_HOURS),
        hours_kept=timedelta(days=settings.COUNT_HOURS_RETENTION_DAYS),
        days_kept=timedelta(days=settings.COUNT_DAYS_RETENTION_DAYS),
    )


@shared_task
def forget_contexts() -> int:
    """Delete contexts not seen for as long as they are kept, and what may no longer be kept of the others."""
    return forget_people(older_than=timedelta(days=settings.CONTEXT_RETENTION_DAYS))


@shared_task
def keep_record_days() -> int:
    """Make the coming days' partitions of recorded evaluations; forget days that are over, return how many rows."""
    make_partitions()
    return forget_decided(older_than=timedelta(days=settings.RECORD_RETENTION_DAYS))


@shared_task
def publish_due() -> int:
    """Publish the change requests whose moment has come; return how many were."""
    return publish()
