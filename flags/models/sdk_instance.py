"""The SDKs that report: one row for each running instance, as its last report showed it."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment


class SdkInstance(models.Model):
    """One process that holds an environment's configuration; forgotten a day after its last report."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    instance = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=64)
    revision = models.PositiveBigIntegerField(null=True)
    """The revision that it said it decides by; None from an SDK that does not say."""
    reported_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "instance"], name="sdk_instance_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.instance})"
