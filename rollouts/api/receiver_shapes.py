"""The shapes that webhooks and e-mail notices share over REST: what they want to hear, and what was delivered."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flagsite.lib.digits import number_of
from flagsite.lib.moments import moment_of
from flagsite.lib.pages import KeyPages, uuid_of
from flagsite.lib.strict import StrictSerializer, Text
from rollouts.models import Attempt, Delivery, MailNotice, Occurrence, Webhook


class ReceiverPages(KeyPages):
    """Webhooks or e-mail notices, the oldest first."""

    order: ClassVar = {"id": number_of}


class DeliveryPages(KeyPages):
    """Deliveries, the newest first."""

    order: ClassVar = {"created_at": moment_of, "id": uuid_of}
    descends = True


@extend_schema_field({"type": "array", "items": {"type": "string", "enum": Occurrence.Kind.values}})
class KindsField(serializers.JSONField):
    """What is told; none: everything."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class EnvironmentsField(serializers.JSONField):
    """Keys of environments; none: all of the project."""


class ReceiverChange(StrictSerializer):
    """What may be changed of a webhook and of an e-mail notice alike. What is absent stays as it is."""

    name = Text(required=False, max_length=200)
    kinds = KindsField(required=False)
    environments = EnvironmentsField(required=False)
    active = serializers.BooleanField(required=False)


class ReceiverBody(serializers.Serializer[Any]):
    """What is said of a webhook and of an e-mail notice alike."""

    id = serializers.IntegerField()
    project = serializers.CharField()
    name = serializers.CharField()
    kinds = KindsField()
    environments = EnvironmentsField()
    active = serializers.BooleanField()
    failing_since = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class AttemptBody(serializers.Serializer[Any]):
    """One try to deliver: either a status, or what went wrong."""

    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="The first 1,000 bytes of the answer.")
    error = serializers.CharField()


class DeliveryBody(serializers.Serializer[Any]):
    """One thing told to a receiver; `id` is what it is known by, the same on every attempt."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    recipient = serializers.CharField(help_text="The address that an e-mail goes to; empty for a webhook.")
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Delivery.Status.values)
    created_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(allow_null=True, help_text="When it is tried next, while it waits.")
    body = serializers.CharField(help_text="What is sent.")
    log = AttemptBody(many=True)


class DeliveryPage(serializers.Serializer[Any]):
    """A page of deliveries, the newest first; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DeliveryBody(many=True)


def fields_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a body sets, in the words of the services."""
    return {("is_active" if name == "active" else name): value for name, value in body.items()}


def receiver_body(receiver: Webhook | MailNotice) -> dict[str, Any]:
    """Return a receiver as `ReceiverBody` describes it."""
    return {
        "id": receiver.pk,
        "project": receiver.project.key,
        "name": receiver.name,
        "kinds": receiver.kinds,
        "environments": [environment.key for environment in receiver.environments.all()],
        "active": receiver.is_active,
        "failing_since": receiver.failing_since,
        "version": receiver.version,
        "created_at": receiver.created_at,
    }


def delivery_body(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as `DeliveryBody` describes it."""
    return {
        "id": delivery.pk,
        "type": delivery.kind,
        "recipient": delivery.recipient,
        "subject": delivery.subject,
        "status": str(delivery.status),
        "created_at": delivery.created_at,
        "next_at": delivery.next_at if delivery.status == Delivery.Status.WAITING else None,
        "body": delivery.body,
        "log": [_attempt_body(attempt) for attempt in delivery.log.all()],
    }


def _attempt_body(attempt: Attempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in ("at", "milliseconds", "status_code", "answer", "error")}
