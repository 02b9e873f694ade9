"""Segments, and which segment names which."""

from typing import Any, ClassVar

from django.db import models

from accounts.models import Project
from flagsite.lib.keys import MAX_KEY, validate_key
from flagsite.lib.stored_json import JsonDecoder


class Segment(models.Model):
    """A named audience of a project, the same in all of its environments.

    A listed id in `included` is in; else one in `excluded` is out; else `condition` decides; without one, out.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="segments")
    key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    condition = models.JSONField(decoder=JsonDecoder, null=True, blank=True)
    included = models.JSONField(decoder=JsonDecoder, default=list, blank=True)
    excluded = models.JSONField(decoder=JsonDecoder, default=list, blank=True)
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "key"], name="segment_key_unique_in_project"),
        ]

    def __str__(self) -> str:
        return self.name or self.key

    def document(self) -> dict[str, Any]:
        """Return the segment as SDKs get it (docs/reference/wire-format.md); what is empty is left out."""
        parts = {"if": self.condition, "included": self.included, "excluded": self.excluded}
        return {name: part for name, part in parts.items() if part}


class SegmentUse(models.Model):
    """`user`'s conditions name `used`: the row that keeps a segment in use from being deleted."""

    user = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="uses")
    used = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="used_by")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "used"], name="segment_use_once"),
            models.CheckConstraint(condition=~models.Q(user=models.F("used")), name="segment_does_not_use_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.user.key} uses {self.used.key}"
