"""What was decided for whom: one row for each evaluation that was recorded. The value is never among it.

On PostgreSQL the table is partitioned by the day of `time`: the migration makes it, flags/services/partitions.py
its partitions.
"""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flags.limits import MAX_SEEN_ID
from flagsite.lib.keys import MAX_KEY
from flagsite.lib.stored_json import JsonDecoder


class RecordedEvaluation(models.Model):
    """A flag decided for a context; `attributes` by their paths, those alone that the project lists."""

    class Source(models.TextChoices):
        """Who decided."""

        SERVER = "server"
        SDK = "sdk"

    environment = models.ForeignKey(
        Environment,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        # dropping a day's partition would otherwise lock the environments, which every request reads
        db_constraint=False,
    )
    flag_key = models.CharField(max_length=MAX_KEY)
    context_id = models.CharField(max_length=MAX_SEEN_ID, blank=True)
    variation = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=32)
    rule = models.CharField(max_length=128, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    revision = models.PositiveBigIntegerField()
    time = models.DateTimeField()
    attributes = models.JSONField(default=dict, decoder=JsonDecoder)
    source = models.CharField(max_length=8, choices=Source.choices)
    batch = models.UUIDField(null=True)

    class Meta:
        ordering: ClassVar = ["-time", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["environment", "flag_key", "-time", "-id"], name="recorded_of_a_flag"),
            models.Index(fields=["environment", "context_id", "flag_key", "-time"], name="recorded_of_a_context"),
        ]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.variation or self.error_code} for {self.context_id} at {self.time:%F %T}"
