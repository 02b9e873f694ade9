"""What Celery does for the flags app."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from flags.services import forget_reports as forget


@shared_task
def forget_reports() -> int:
    """Delete reports older than their retention; return how many rows went."""
    return forget(older_than=timedelta(days=settings.REPORT_RETENTION_DAYS))
