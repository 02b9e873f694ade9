"""What SDKs report: batches, taken once each, and the events their users tracked."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flagsite.lib.stored_json import JsonDecoder


class ReportBatch(models.Model):
    """A batch that has been counted: a retry of it is not counted again."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    id = models.UUIDField(primary_key=True, editable=False)
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class TrackedEvent(models.Model):
    """Something that a context did, reported by `track`.

    Where only a hash of the id is kept, `buckets` are those of the flags that were watched then, by their salts.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=128)
    context_id = models.CharField(max_length=512)
    value = models.FloatField(null=True)
    time = models.DateTimeField()
    buckets = models.JSONField(null=True, editable=False, decoder=JsonDecoder)

    class Meta:
        ordering: ClassVar = ["-time"]
        indexes: ClassVar = [models.Index(fields=["environment", "name", "time"], name="tracked_event_by_name")]

    def __str__(self) -> str:
        return f"{self.name} by {self.context_id}"
