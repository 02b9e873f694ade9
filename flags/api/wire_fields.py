"""Fields in the wire's own shape, for the OpenAPI document. Their content is checked by the engine, not here."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_KEY: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,127}$"}
_PERCENTAGE: Final = {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.001}
_CONDITION: Final = {
    "type": "object",
    "description": (
        "One of {attribute, operator, value, ignore_case?}, {segment}, {all: […]}, {any: […]}, {not: …} "
        "and {everyone: true}; see docs/reference/operators.md."
    ),
    "additionalProperties": True,
}
_SPLIT: Final = {
    "type": "object",
    "properties": {"variation": _KEY, "weight": _PERCENTAGE},
    "required": ["variation", "weight"],
}
_SERVE: Final = {
    "type": "object",
    "description": "One variation, or a split whose weights add up to 100.",
    "properties": {
        "variation": _KEY,
        "split": {"type": "array", "items": _SPLIT},
        "bucket_by": {"type": "string", "default": "id"},
    },
}
_RULE: Final = {
    "type": "object",
    "properties": {
        "id": _KEY,
        "name": {"type": "string"},
        "if": _CONDITION,
        "serve": _SERVE,
        "rollout_percentage": _PERCENTAGE,
    },
    "required": ["if", "serve"],
}
_VARIATION: Final = {
    "type": "object",
    "properties": {"key": _KEY, "value": {}, "name": {"type": "string"}},
    "required": ["key", "value"],
}
_TARGET: Final = {
    "type": "object",
    "properties": {"variation": _KEY, "ids": {"type": "array", "items": {"type": "string"}}},
    "required": ["variation", "ids"],
}
_PREREQUISITE: Final = {
    "type": "object",
    "properties": {"flag": _KEY, "variation": _KEY},
    "required": ["flag", "variation"],
}


@extend_schema_field({"type": "boolean"})
class EnabledField(serializers.JSONField):
    """Whether the flag is on in the environment."""


@extend_schema_field(_PERCENTAGE)
class PercentageField(serializers.JSONField):
    """0 to 100, in steps of 0.001."""


@extend_schema_field(_CONDITION)
class ConditionField(serializers.JSONField):
    """Who is meant."""


@extend_schema_field(_SERVE)
class ServeField(serializers.JSONField):
    """What is served."""


@extend_schema_field({"type": "array", "items": _RULE})
class RulesField(serializers.JSONField):
    """Ordered; the first that matches decides."""


@extend_schema_field({"type": "array", "items": _VARIATION})
class VariationsField(serializers.JSONField):
    """The named values of the flag."""


@extend_schema_field({"type": "array", "items": _TARGET})
class TargetsField(serializers.JSONField):
    """Contexts that are named one by one."""


@extend_schema_field({"type": "array", "items": _PREREQUISITE})
class PrerequisitesField(serializers.JSONField):
    """Other flags that must serve a wanted variation first."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class IdsField(serializers.JSONField):
    """Ids of contexts."""


@extend_schema_field({"type": "object", "properties": {"id": {"type": "string"}}, "additionalProperties": True})
class ContextField(serializers.JSONField):
    """Who is asking: an `id` and any attributes; see docs/reference/context.md."""


@extend_schema_field({})
class ValueField(serializers.JSONField):
    """A variation's value: a boolean, text, number or JSON."""


def wire(field: type[serializers.JSONField], **kwargs: Any) -> Any:
    """Return an optional field of the wire's shape; null is passed on, for the engine to refuse by its path."""
    return field(required=kwargs.pop("required", False), allow_null=True, **kwargs)
