"""Guardrails: what is watched while a ramp runs, and what each look at it found."""

from typing import Any, ClassVar

from django.db import models

from flagsite.lib.stored_json import JsonDecoder
from rollouts.models.ramp import Ramp


class Verdict(models.TextChoices):
    """What a look at a guardrail found."""

    HEALTHY = "healthy", "Healthy"
    UNDECIDED = "undecided", "Too little to judge by"
    CROSSED = "crossed", "Crossed"
    MISMATCHED = "mismatched", "The split is not what it should be"
    SILENT = "silent", "The source does not answer"


class Guardrail(models.Model):
    """A metric, a condition and what is done when it holds.

    `document` is what was asked for (`rollouts/guardrails/document.py`). `silent_since` is since when the source has
    not answered, `looked_at` when the last look at it began, `verdict` what that look found.
    """

    ramp = models.ForeignKey(Ramp, on_delete=models.CASCADE, related_name="guardrails")
    position = models.SmallIntegerField()
    document = models.JSONField(decoder=JsonDecoder)
    silent_since = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="", db_default="")

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ramp", "position"], name="guardrail_position_once"),
        ]

    @property
    def metric(self) -> dict[str, Any]:
        """Return what is watched, as it was asked for."""
        watched: dict[str, Any] = self.document["metric"]
        return watched

    def __str__(self) -> str:
        return f"guardrail {self.position + 1} of {self.ramp}"


class Check(models.Model):
    """One look at a guardrail: the verdict, in a sentence, and the figures that it was judged by."""

    guardrail = models.ForeignKey(Guardrail, on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    text = models.TextField()
    figures = models.JSONField(decoder=JsonDecoder, default=dict)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["guardrail", "at"], name="check_of_guardrail")]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.text}"
