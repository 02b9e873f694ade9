"""The shapes of webhooks over REST."""

from typing import Any

from rest_framework import serializers

from flagsite.lib.strict import StrictSerializer, Text, Whole
from rollouts.api.receiver_shapes import ReceiverBody, ReceiverChange, receiver_body
from rollouts.models import Webhook


class WebhookChange(ReceiverChange):
    """What may be changed of a webhook. What is absent stays as it is."""

    address = Text(required=False, max_length=2_000, help_text="An `https` address.")
    format = serializers.ChoiceField(required=False, choices=Webhook.Format.values)


class Rotation(StrictSerializer):
    """How long the old secret signs beside the new one."""

    overlap_hours = Whole(required=False, min_value=0, help_text="0 to 168; 24 unless said otherwise.")


class WebhookBody(ReceiverBody):
    """A webhook. `failing_since` is when the first attempt failed since the last one that did not."""

    address = serializers.CharField()
    format = serializers.ChoiceField(choices=Webhook.Format.values)
    turned_off_because = serializers.CharField(help_text="Empty, unless Flagsite turned it off by itself.")
    old_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until when two secrets sign.")


class WebhookWithSecret(WebhookBody):
    """A webhook and its secret, which is never shown again."""

    secret = serializers.CharField()


class WebhookPage(serializers.Serializer[Any]):
    """A page of webhooks; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = WebhookBody(many=True)


def webhook_body(webhook: Webhook) -> dict[str, Any]:
    """Return a webhook as `WebhookBody` describes it."""
    return receiver_body(webhook) | {
        "address": webhook.address,
        "format": str(webhook.format),
        "turned_off_because": webhook.turned_off_because,
        "old_secret_until": webhook.old_secret_until,
    }
