"""Fields of ramps in the schema. What they hold is read and refused by the services, by its place."""

from datetime import timedelta
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flagsite.lib.moments import duration_of
from flagsite.lib.strict import Text
from rollouts.guardrails.document import MAX_GUARDRAILS
from rollouts.models import MAX_STEPS
from rollouts.steps import MAX_DELAY

_DURATION: Final = {"type": "string", "pattern": r"^\d{1,6}[smhdw]$"}
_PERCENTAGE: Final = {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.001}

_STEP: Final = {
    "percentage": _PERCENTAGE,
    "after": {**_DURATION, "description": "So long after the step before."},
    "at": {"type": "string", "format": "date-time"},
    "min_evaluations": {"type": "integer", "minimum": 0},
    "needs_confirmation": {"type": "boolean"},
    # what a ramp that is shown says besides
    "outcome": {"type": "string", "enum": ["pending", "taken", "skipped"]},
    "taken_at": {"type": "string", "format": "date-time", "nullable": True},
    "revision": {"type": "integer", "nullable": True},
}
_EVENTS: Final = {
    "type": "object",
    "required": ["event"],
    "additionalProperties": False,
    "properties": {
        "event": {"type": "string"},
        "per": {"type": "string"},
        "above": {"type": "number"},
        "worse": {"type": "string", "enum": ["more", "fewer"]},
    },
}
_QUERY: Final = {
    "type": "object",
    "required": ["prometheus"],
    "additionalProperties": False,
    "properties": {"prometheus": {"type": "string"}},
}
_WHEN: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "worse_than_others": {"type": "boolean", "enum": [True]},
        "false_alarms": {"type": "number"},
        "above": {"type": "number"},
        "below": {"type": "number"},
        "window": _DURATION,
        "sample": {"type": "integer", "minimum": 1},
    },
}
_GUARDRAIL: Final = {
    "type": "object",
    "required": ["metric", "when"],
    "properties": {
        "name": {"type": "string"},
        "metric": {"oneOf": [_EVENTS, _QUERY]},
        "when": _WHEN,
        "then": {"type": "string", "enum": ["rollback", "step_back", "pause", "turn_off"]},
    },
}


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MAX_STEPS,
        "items": {"type": "object", "required": ["percentage"], "properties": _STEP},
    }
)
class StepsField(serializers.JSONField):
    """Steps in order, as `rollouts.steps` reads them; a ramp that is shown says what has become of each."""


@extend_schema_field({"type": "array", "maxItems": MAX_GUARDRAILS, "items": _GUARDRAIL})
class GuardrailsField(serializers.JSONField):
    """Guardrails in order, as `rollouts.guardrails.document` reads them."""


@extend_schema_field(_DURATION)
class DurationField(Text):
    """A duration such as `30m`, `1h` or `2d`."""

    default_error_messages = {"no_duration": "Must be a duration such as 30m, 1h or 2d, of at most 366 days."}

    def to_internal_value(self, data: Any) -> timedelta:  # type: ignore[override]  # a text comes in
        """Refuse what is no duration."""
        duration = duration_of(super().to_internal_value(data))
        if duration is None or duration > MAX_DELAY:
            self.fail("no_duration")
        return duration
