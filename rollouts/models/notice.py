"""Who is told what happens to ramps, what they are told, and what came of each attempt to tell them.

A delivery is written in the transaction of what it tells, so that nothing is told that did not happen and nothing that
happened is forgotten. Its body stays as it was written, whatever becomes of the flag, the ramp or the receiver's name.
"""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from accounts.models import Environment, Project, User
from flagsite.lib.stored_json import JsonDecoder
from rollouts.models.occurrence import Occurrence

MAX_ADDRESS: Final = 2_000
FAILING_AFTER: Final = timedelta(days=2)
"""A receiver that has taken nothing for so long is marked."""


class Receiver(models.Model):
    """What webhooks and e-mail notices have in common: of what they want to hear, and how well they take it.

    No environments means all of the project, no kinds means everything that happens. `failing_since` is when the first
    attempt failed since the last one that did not. `version` counts the changes that people make, for `If-Match`.
    """

    name = models.CharField(max_length=200)
    kinds = models.JSONField(decoder=JsonDecoder, default=list, blank=True)
    is_active = models.BooleanField("active", default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def has_failed_for_days(self, now: datetime) -> bool:
        """Tell whether nothing has arrived for so long that somebody should look."""
        return self.failing_since is not None and now - self.failing_since >= FAILING_AFTER


class Webhook(Receiver):
    """An address that programs listen at. `secret` signs what is sent; both secrets are stored sealed.

    After a rotation the old secret signs beside the new one until `old_secret_until`.
    """

    class Format(models.TextChoices):
        """What the body looks like."""

        JSON = "json", "Flagsite's JSON, signed"
        SLACK = "slack", "Slack message"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    environments = models.ManyToManyField(Environment, blank=True, related_name="+")
    address = models.CharField(max_length=MAX_ADDRESS)
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.JSON)
    secret = models.TextField(editable=False)
    old_secret = models.TextField(blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    turned_off_because = models.CharField(max_length=200, blank=True, editable=False)


class MailNotice(Receiver):
    """People of the project and other addresses that get an e-mail."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="mail_notices")
    environments = models.ManyToManyField(Environment, blank=True, related_name="+")
    addresses = models.JSONField(decoder=JsonDecoder, default=list, blank=True)
    people = models.ManyToManyField(User, blank=True, related_name="+")

    class Meta(Receiver.Meta):
        verbose_name = "e-mail notice"


class Delivery(models.Model):
    """One thing told to one receiver. Its id is what the receiver knows it by, the same on every attempt.

    `attempts` counts since it was last asked for. While `leased_until` has not passed, a worker is at it; `lease` says
    which, so that one that took too long does not overrule its successor.
    """

    class Status(models.TextChoices):
        """What has become of it."""

        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"
        DROPPED = "dropped", "Not sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, null=True, related_name="deliveries")
    mail_notice = models.ForeignKey(MailNotice, on_delete=models.CASCADE, null=True, related_name="deliveries")
    recipient = models.CharField(max_length=254, blank=True)
    occurrence = models.ForeignKey(Occurrence, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    created_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "pk"]
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(webhook__isnull=False, mail_notice__isnull=True, recipient="")
                | (Q(webhook__isnull=True, mail_notice__isnull=False) & ~Q(recipient="")),
                name="delivery_to_a_webhook_or_by_mail",
            ),
            models.UniqueConstraint(fields=["occurrence", "webhook"], name="delivery_once_to_a_webhook"),
            models.UniqueConstraint(fields=["occurrence", "mail_notice", "recipient"], name="delivery_once_by_mail"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(status="waiting"), name="delivery_waiting"),
            models.Index(fields=["webhook", "-created_at"], name="delivery_of_webhook"),
            models.Index(fields=["project", "-created_at"], name="delivery_of_project"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def receiver(self) -> Webhook | MailNotice:
        """Return to whom it goes."""
        found = self.webhook or self.mail_notice
        assert found is not None  # noqa: S101 - a constraint of the table
        return found

    def is_under_way(self, now: datetime) -> bool:
        """Tell whether a worker is at it."""
        return self.leased_until is not None and self.leased_until > now


class Attempt(models.Model):
    """One try to deliver: when, how long it took, and what was answered or went wrong."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        indexes: ClassVar = [models.Index(fields=["delivery", "at"], name="attempt_of_delivery")]

    def __str__(self) -> str:
        return self.error or f"{self.status_code} in {self.milliseconds} ms"
