"""The SDKs that are there: one row for each instance, as its last report or its stream showed it."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment


class SdkInstance(models.Model):
    """One process that holds an environment's configuration; forgotten after a day of silence."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    instance = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=64)
    revision = models.PositiveBigIntegerField(null=True)
    """The revision that it holds, as it said or as it was sent; None from an SDK that does not say."""
    reported_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "instance"], name="sdk_instance_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.instance})"
