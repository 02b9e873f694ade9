"""The shapes of rollouts over REST."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flagsite.lib.strict import StrictSerializer, Text


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.001})
class PercentageField(serializers.JSONField):
    """0 to 100, in steps of 0.001."""


class RolloutChange(StrictSerializer):
    """How many contexts to let in."""

    percentage = PercentageField()
    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")
