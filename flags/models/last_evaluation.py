"""When SDKs last asked for a flag in an environment: what a list of flags shows without counting."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flagsite.lib.keys import MAX_KEY, validate_key


class LastEvaluation(models.Model):
    """The newest minute of a flag's evaluations, written at most once an hour (flags/services/counts.py)."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    flag_key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "flag_key"], name="last_evaluation_once_for_a_flag"),
        ]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.at:%F %H:%M}"
