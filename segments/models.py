"""Segments, which segment names which, and uploads of ids that wait to be confirmed."""

from typing import Any, ClassVar
from uuid import uuid4

from django.db import models

from accounts.models import Project, User
from flagsite.lib.keys import MAX_KEY, validate_key
from flagsite.lib.stored_json import JsonDecoder
from segments.id_lists import LISTS, Mode


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


class IdUpload(models.Model):
    """A file of ids that its owner has seen a preview of and not yet confirmed; a person has one at most.

    It is a row, so that whichever process answers the confirmation finds it. `version` is the segment's that was
    previewed.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.OneToOneField(User, on_delete=models.CASCADE, related_name="id_upload")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="id_uploads")
    listed_in = models.CharField(max_length=8, choices=[(name, name) for name in LISTS])
    mode = models.CharField(max_length=7, choices=[(mode.value, mode.value) for mode in Mode])
    version = models.PositiveBigIntegerField()
    ids = models.JSONField(decoder=JsonDecoder)
    problems = models.JSONField(decoder=JsonDecoder)
    problem_counts = models.JSONField(decoder=JsonDecoder)
    read_as = models.TextField(blank=True, default="", db_default="")
    doubt = models.TextField(blank=True, default="", db_default="")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.mode} {len(self.ids)} ids, {self.listed_in} in {self.segment.key}"
