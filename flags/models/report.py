"""What SDKs report: how often a flag was evaluated, and the events their users tracked."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flagsite.lib.keys import MAX_KEY, validate_key


class ReportBatch(models.Model):
    """A batch that has been counted: a retry of it is not counted again."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    id = models.UUIDField(primary_key=True, editable=False)
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class EvaluationCount(models.Model):
    """How often SDKs evaluated a flag to a variation for a reason, within one minute."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    flag_key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    variation = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=32)
    minute = models.DateTimeField()
    count = models.PositiveBigIntegerField()

    class Meta:
        ordering: ClassVar = ["-minute"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "flag_key", "variation", "reason", "minute"],
                name="evaluation_count_once_a_minute",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "minute"], name="evaluation_count_in_time")]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.count} × {self.variation or 'error'} at {self.minute:%F %H:%M}"


class TrackedEvent(models.Model):
    """Something that a context did, reported by `track`."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=128)
    context_id = models.CharField(max_length=512)
    value = models.FloatField(null=True)
    time = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-time"]
        indexes: ClassVar = [models.Index(fields=["environment", "name", "time"], name="tracked_event_by_name")]

    def __str__(self) -> str:
        return f"{self.name} by {self.context_id}"
