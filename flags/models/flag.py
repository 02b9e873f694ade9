"""A flag, and its state in each environment.

A state's rules, targets and serves are documents in one row, in the shape of the wire format
(docs/decisions/0003-a-state-is-one-row.md); what other rows must not lose, segments and prerequisites, is held by
foreign keys beside them.
"""

from decimal import Decimal
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Environment, Project
from flagsite.lib.keys import MAX_KEY, validate_key
from flagsite.lib.prepared import Given, Prepared
from flagsite.lib.stored_json import JsonDecoder
from segments.models import Segment

MAX_SALT: Final = 64


class FlagType(models.TextChoices):
    """What the values of a flag's variations are."""

    BOOLEAN = "boolean", "Boolean"
    STRING = "string", "String"
    NUMBER = "number", "Number"
    JSON = "json", "JSON"


class Flag(models.Model):
    """What is the same in all environments: key, type and variations."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="flags")
    key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=10, choices=FlagType.choices)
    variations = models.JSONField(decoder=JsonDecoder)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "key"], name="flag_key_unique_in_project"),
            models.CheckConstraint(condition=Q(type__in=FlagType.values), name="flag_type_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.key

    def tag_names(self) -> list[str]:
        """Return the names of the flag's tags, sorted: of those that were read with it, if they were."""
        are_read = "tags" in getattr(self, "_prefetched_objects_cache", ())
        return sorted(tag.name for tag in (self.tags.all() if are_read else _TAGS.ask(flag=self.pk)))


class FlagTag(models.Model):
    """A word by which flags are found."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["flag", "name"], name="flag_tag_once")]

    def __str__(self) -> str:
        return self.name


_TAGS: Final = Prepared(lambda: FlagTag.objects.filter(flag=Given("flag")))


class FlagState(models.Model):
    """How a flag decides in one environment.

    `salt` is kept here so that neither a copy nor a rename of the flag moves anybody to another bucket.
    """

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="states")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="states")
    enabled = models.BooleanField(default=False)
    salt = models.CharField(max_length=MAX_SALT)
    off_variation = models.CharField(max_length=128)
    fallthrough = models.JSONField(decoder=JsonDecoder)
    rollout_percentage = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal(100))
    targets = models.JSONField(decoder=JsonDecoder, default=list)
    rules = models.JSONField(decoder=JsonDecoder, default=list)
    version = models.PositiveBigIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    is_bound = True
    """Whether it may have prerequisites; a read that has found none says so, and nobody asks again."""

    class Meta:
        ordering: ClassVar = ["flag", "environment"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["flag", "environment"], name="flag_state_once_in_environment"),
            models.CheckConstraint(
                condition=Q(rollout_percentage__gte=0, rollout_percentage__lte=100),
                name="flag_state_rollout_percentage_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"flag {self.flag.key} in {self.environment.key}"

    def required(self) -> list["Prerequisite"]:
        """Return the prerequisites, in their order."""
        return list(self.prerequisites.all()) if self.is_bound else []


class Prerequisite(models.Model):
    """In this state, another flag must serve a wanted variation first."""

    state = models.ForeignKey(FlagState, on_delete=models.CASCADE, related_name="prerequisites")
    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="required_by")
    variation = models.CharField(max_length=128)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["state", "flag"], name="prerequisite_once")]

    def __str__(self) -> str:
        return f"{self.state} requires {self.flag.key}"


class SegmentUse(models.Model):
    """A state's rules name a segment: the row that keeps a segment in use from being deleted."""

    state = models.ForeignKey(FlagState, on_delete=models.CASCADE, related_name="segment_uses")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="flag_uses")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["state", "segment"], name="flag_segment_use_once")]

    def __str__(self) -> str:
        return f"{self.state} uses the segment {self.segment.key}"
