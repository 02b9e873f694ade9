"""A change that waits to be reviewed, approved and published, and who has approved it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.models import Project
from flagsite.lib.keys import MAX_KEY
from flagsite.lib.stored_json import JsonDecoder


class ChangeRequest(models.Model):
    """Edits of flags and segments that are published together or not at all.

    `edits` (flags/editing/edits.py) are what was asked for, with the versions it was made on; `heads` is, by key of the
    environment, the revision at which those versions were read: from there a merge takes what was there before.
    `version` counts the edits' changes. `digest` is that of the exact difference that the edits make: an approval
    holds for that difference and no other. `told` is that difference in sentences, and `summary` the first of them:
    they stay to be read when it is published, or is not. `ended_by`, `ended_at` and `reason` say who declined or
    withdrew it.
    """

    class Status(models.TextChoices):
        """Where a change request stands."""

        OPEN = "open", "Open"
        SCHEDULED = "scheduled", "Scheduled"
        PUBLISHED = "published", "Published"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        FAILED = "failed", "Could not be published"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="change_requests")
    title = models.CharField(max_length=200)
    edits = models.JSONField(decoder=JsonDecoder)
    heads = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=64)
    told = models.JSONField(null=True, decoder=JsonDecoder)
    summary = models.CharField(max_length=300, blank=True, default="", db_default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    comment = models.TextField(blank=True)
    failure = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    author_label = models.CharField(max_length=200)
    contributors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    publish_at = models.DateTimeField(null=True, blank=True)
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_by_label = models.CharField(max_length=200, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="", db_default="")

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        indexes: ClassVar = [models.Index(fields=["status", "publish_at"], name="change_request_due")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_pending(self) -> bool:
        """Tell whether it can still be changed, approved or published."""
        return self.status in {self.Status.OPEN, self.Status.SCHEDULED, self.Status.FAILED}


class Concern(models.Model):
    """A flag or segment, in an environment, that a change request is about: by these it is found.

    Keys, not rows: what was deleted is still found.
    """

    class Kind(models.TextChoices):
        """What the key names."""

        FLAG = "flag"
        SEGMENT = "segment"

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="concerns")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    key = models.CharField(max_length=MAX_KEY)
    environment = models.CharField(max_length=MAX_KEY)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["change_request", "kind", "key", "environment"], name="concern_once_in_a_change_request"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "key"], name="concern_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} in {self.environment}"


class Approval(models.Model):
    """Somebody approves a change request as it stands: this version, which makes this difference."""

    change_request = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="approvals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    label = models.CharField(max_length=200)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["change_request", "person", "digest"], name="approval_once_for_a_difference"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} approves {self.change_request}"
