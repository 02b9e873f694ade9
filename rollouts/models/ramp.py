"""A ramp: a schedule of rollout percentages of a flag's default rule, or of one of its rules, in one environment."""

from datetime import timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from flags.models import FlagState
from flagsite.lib.stored_json import JsonDecoder

MAX_STEPS: Final = 50


class Ramp(models.Model):
    """Where a ramp stands.

    `percentage` is what the ramp set last: whatever else is found in the flag was changed by hand; `buckets` is how it
    then told contexts apart. `seen_version` of the state and `seen_revision` are up to where the flag's history was
    looked through for changes by hand. `due_at` is when the next step is due; it is null when a person is waited for,
    and when nothing is. `held_at` is when a step that was due was last seen to wait for evaluations or a guardrail,
    `lacked_at` for evaluations; `told_at` is when it is told that it waits, null when it was. `watches_for` is how long
    guardrails look on after the last step, before the ramp is finished. `checked_at` is when a look at its events was
    claimed last, `looking_until` until when nobody else begins one. `author` is who started it, `hands` are those who
    have written of it since it was last approved. `version` counts every change of the row, for `If-Match`.
    """

    class Status(models.TextChoices):
        """What a ramp is doing."""

        AWAITING_APPROVAL = "awaiting_approval", "Waits for approval"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        STOPPED = "stopped", "Stopped"
        ROLLED_BACK = "rolled_back", "Rolled back"

    ACTIVE: ClassVar = (Status.AWAITING_APPROVAL, Status.RUNNING, Status.PAUSED)
    """A state has at most one ramp that is one of these."""

    state = models.ForeignKey(FlagState, on_delete=models.CASCADE, related_name="ramps")
    rule = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices)
    turns_on = models.BooleanField(default=False)
    percentage_before = models.DecimalField(max_digits=6, decimal_places=3)
    percentage = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    buckets = models.JSONField(decoder=JsonDecoder, null=True)
    seen_version = models.PositiveBigIntegerField(null=True)
    seen_revision = models.PositiveBigIntegerField(null=True)
    position = models.SmallIntegerField(default=-1)
    stepped_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True)
    held_at = models.DateTimeField(null=True)
    lacked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, db_index=True)
    watches_for = models.DurationField(default=timedelta(0))
    reason = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=200)
    hands = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    approved_by = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    looking_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(status__in=["awaiting_approval", "running", "paused"]),
                name="ramp_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        where = f"rule {self.rule} of " if self.rule else ""
        return f"ramp of {where}{self.state}"

    @property
    def is_active(self) -> bool:
        """Tell whether the ramp may still change the flag."""
        return self.status in self.ACTIVE

    @property
    def has_begun(self) -> bool:
        """Tell whether it has let people in; it may stand before its first step again, when less was set by hand."""
        return self.percentage is not None

    @property
    def stands(self) -> str:
        """Return what it is doing, as the end of a sentence."""
        does = self.get_status_display().lower()
        return does if self.status == self.Status.AWAITING_APPROVAL else f"is {does}"


class Step(models.Model):
    """One percentage of a ramp, when it is due, and what it waits for besides.

    Either `at` is set, or `after`: the delay since the step before was taken. `min_evaluations` of the flag must have
    been counted since then, and with `needs_confirmation` a person has to say the word. One that is to come again,
    because the ramp went back, has the `taken_at` and the `revision` of before.
    """

    class Outcome(models.TextChoices):
        """What has become of a step."""

        PENDING = "pending", "To come"
        TAKEN = "taken", "Taken"
        SKIPPED = "skipped", "Skipped"

    ramp = models.ForeignKey(Ramp, on_delete=models.CASCADE, related_name="steps")
    position = models.SmallIntegerField()
    percentage = models.DecimalField(max_digits=6, decimal_places=3)
    at = models.DateTimeField(null=True)
    after = models.DurationField(null=True)
    min_evaluations = models.PositiveBigIntegerField(default=0)
    needs_confirmation = models.BooleanField(default=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    taken_at = models.DateTimeField(null=True)
    revision = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ramp", "position"], name="ramp_step_position_once"),
            models.CheckConstraint(condition=Q(percentage__gte=0, percentage__lte=100), name="ramp_step_in_range"),
            models.CheckConstraint(
                condition=Q(at__isnull=True, after__isnull=False) | Q(at__isnull=False, after__isnull=True),
                name="ramp_step_at_or_after",
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.position + 1} of {self.ramp}"
