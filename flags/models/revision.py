"""The append-only chain of an environment's configuration."""

from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.db import models

from accounts.models import Environment
from flagsite.lib.keys import MAX_KEY, validate_key


class Revision(models.Model):
    """One numbered, immutable change of an environment's configuration.

    The row is also the outbox: whoever missed the notification of it reads it here. `delta` is the exact text that
    SDKs are sent; `digest` chains it, and who made it when and why, to the revision before (flags/chain/digests.py).
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveBigIntegerField()
    delta = models.TextField()
    digest = models.CharField(max_length=64)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    actor_label = models.CharField(max_length=200)
    source = models.CharField(max_length=16)
    comment = models.TextField(blank=True)
    change_request = models.ForeignKey(
        "flags.ChangeRequest",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="revisions",
    )
    approved_by = models.CharField(max_length=200, blank=True)
    is_emergency = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["environment", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "number"], name="revision_number_once_in_environment"),
        ]

    def __str__(self) -> str:
        return f"{self.environment} revision {self.number}"


class RevisionItem(models.Model):
    """A revision concerns this flag or segment: how the history of one of them is found."""

    class Kind(models.TextChoices):
        """What kind of thing changed."""

        FLAG = "flag", "Flag"
        SEGMENT = "segment", "Segment"

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="items")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=MAX_KEY, validators=[validate_key])

    class Meta:
        ordering: ClassVar = ["environment", "-number"]
        indexes: ClassVar = [
            models.Index(fields=["environment", "kind", "key", "-number"], name="revision_item_history"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} in revision {self.number}"

    def document(self) -> dict[str, Any] | None:
        """Return what the flag or segment has been since this revision; None when it was deleted."""
        found: dict[str, Any] | None = orjson.loads(self.revision.delta)[f"{self.kind}s"][self.key]
        return found
