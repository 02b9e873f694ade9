"""Noting what SDKs say they have lost, by the hour."""

from datetime import datetime

from django.db.models import F

from accounts.models import Environment
from flags import metrics
from flags.models import SdkLoss
from flags.usage.reports import Dropped


def note_losses(environment: Environment, dropped: Dropped, *, at: datetime) -> None:
    """Add to what SDKs have lost; called once for a batch, by whoever let the person behind the server key in."""
    lost = {"counts": dropped.counts, "events": dropped.events, "records": dropped.records}
    if not any(lost.values()):
        return
    hour = at.replace(minute=0, second=0, microsecond=0)
    row, _ = SdkLoss.objects.get_or_create(environment=environment, hour=hour)
    SdkLoss.objects.filter(pk=row.pk).update(**{what: F(what) + number for what, number in lost.items()})
    for what, number in lost.items():
        metrics.dropped_by_sdks(what, number)
