"""What SDKs say they have lost: where something is missing, pages say so."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment


class SdkLoss(models.Model):
    """What the SDKs of an environment reported as lost within an hour; of which flags, nobody knows."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField(db_index=True)
    counts = models.PositiveBigIntegerField(default=0)
    """Evaluations that are missing in the counts."""
    events = models.PositiveBigIntegerField(default=0)
    records = models.PositiveBigIntegerField(default=0)
    """Evaluations that were to be recorded, and are missing there."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment", "hour"], name="sdk_loss_once_an_hour")]

    def __str__(self) -> str:
        return f"{self.records} records, {self.events} events, {self.counts} counts lost in {self.hour:%F %H}:00"
