"""The shapes of webhooks and their deliveries over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flagsite.lib.strict import StrictSerializer, Text, Whole
from rollouts.models import Attempt, Delivery, Occurrence, Webhook
from rollouts.services.notices import WebhookFields
from segments.api.serializers import ProjectQuery


@extend_schema_field({"type": "array", "items": {"type": "string", "enum": Occurrence.Kind.values}})
class KindsField(serializers.JSONField):
    """What is told; none: everything."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class EnvironmentsField(serializers.JSONField):
    """Keys of environments; none: all of the project."""


class PageQuery(ProjectQuery):
    """Which page of a list."""

    cursor = Text(required=False)
    page_size = Text(required=False)


class WebhookChange(StrictSerializer):
    """What may be changed of a webhook. What is absent stays as it is."""

    name = Text(required=False, max_length=200)
    address = Text(required=False, max_length=2_000, help_text="An `https` address.")
    format = serializers.ChoiceField(required=False, choices=Webhook.Format.values)
    kinds = KindsField(required=False)
    environments = EnvironmentsField(required=False)
    active = serializers.BooleanField(required=False)


class Rotation(StrictSerializer):
    """How long the old secret signs beside the new one."""

    overlap_hours = Whole(required=False, min_value=0, help_text="0 to 168; 24 unless said otherwise.")


def fields_of(body: dict[str, Any]) -> WebhookFields:
    """Return what a body sets, in the words of the services."""
    fields: dict[str, Any] = {("is_active" if name == "active" else name): value for name, value in body.items()}
    return fields  # type: ignore[return-value]  # the serializer's fields are the TypedDict's


class WebhookBody(serializers.Serializer[Any]):
    """A webhook. `failing_since` is when the first attempt failed since the last one that did not."""

    id = serializers.IntegerField()
    project = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    format = serializers.ChoiceField(choices=Webhook.Format.values)
    kinds = KindsField()
    environments = EnvironmentsField()
    active = serializers.BooleanField()
    turned_off_because = serializers.CharField(help_text="Empty, unless Flagsite turned it off by itself.")
    failing_since = serializers.DateTimeField(allow_null=True)
    old_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until when two secrets sign.")
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class WebhookWithSecret(WebhookBody):
    """A webhook and its secret, which is never shown again."""

    secret = serializers.CharField()


class WebhookPage(serializers.Serializer[Any]):
    """A page of webhooks; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = WebhookBody(many=True)


class AttemptBody(serializers.Serializer[Any]):
    """One try to deliver: either a status, or what went wrong."""

    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="The first 1,000 bytes of the answer.")
    error = serializers.CharField()


class DeliveryBody(serializers.Serializer[Any]):
    """One thing told to a webhook; `id` is what the receiver knows it by."""

    id = serializers.UUIDField()
    type = serializers.CharField()
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


def webhook_body(webhook: Webhook) -> dict[str, Any]:
    """Return a webhook as `WebhookBody` describes it."""
    return {
        "id": webhook.pk,
        "project": webhook.project.key,
        "name": webhook.name,
        "address": webhook.address,
        "format": str(webhook.format),
        "kinds": webhook.kinds,
        "environments": [environment.key for environment in webhook.environments.all()],
        "active": webhook.is_active,
        "turned_off_because": webhook.turned_off_because,
        "failing_since": webhook.failing_since,
        "old_secret_until": webhook.old_secret_until,
        "version": webhook.version,
        "created_at": webhook.created_at,
    }


def delivery_body(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as `DeliveryBody` describes it."""
    return {
        "id": delivery.pk,
        "type": delivery.kind,
        "subject": delivery.subject,
        "status": str(delivery.status),
        "created_at": delivery.created_at,
        "next_at": delivery.next_at if delivery.status == Delivery.Status.WAITING else None,
        "body": delivery.body,
        "log": [_attempt_body(attempt) for attempt in delivery.log.all()],
    }


def _attempt_body(attempt: Attempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in ("at", "milliseconds", "status_code", "answer", "error")}
