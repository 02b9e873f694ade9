"""What happened to a ramp: its log, and what notices tell."""

from typing import ClassVar

from django.db import models

from flagsite.lib.stored_json import JsonDecoder
from rollouts.models.ramp import Ramp


class Occurrence(models.Model):
    """One thing that happened to a ramp, in a sentence, with the percentages and the revision where there are any."""

    class Kind(models.TextChoices):
        """What happened."""

        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved"
        STARTED = "started", "Started"
        STEP = "step", "Step"
        WAITING = "waiting", "Waiting"
        CHANGED = "changed", "Changed"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Resumed"
        GUARDRAIL = "guardrail", "Guardrail"
        ROLLED_BACK = "rolled_back", "Rolled back"
        STOPPED = "stopped", "Stopped"
        FINISHED = "finished", "Finished"

    ramp = models.ForeignKey(Ramp, on_delete=models.CASCADE, related_name="occurrences")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)
    text = models.TextField()
    percentage_before = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    percentage = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    revision = models.PositiveBigIntegerField(null=True)
    details = models.JSONField(decoder=JsonDecoder, default=dict)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        indexes: ClassVar = [models.Index(fields=["ramp", "at"], name="occurrence_of_ramp")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"
