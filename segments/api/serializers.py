"""The shapes of segments over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.queries import ProjectQuery
from flagsite.lib.strict import StrictSerializer, Text
from segments.models import Segment
from segments.services import SegmentFields


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class IdsField(serializers.JSONField):
    """Ids of contexts."""


@extend_schema_field({"type": "object", "additionalProperties": True})
class ConditionField(serializers.JSONField):
    """Who is meant; see docs/reference/operators.md."""


class DeleteQuery(ProjectQuery):
    """A deletion has no body, so it says why here."""

    comment = Text(required=False, allow_blank=True, max_length=2000)


class ListQuery(ProjectQuery):
    """Which segments to list."""

    search = Text(required=False, allow_blank=True, help_text="Part of the key, name or description.")
    cursor = Text(required=False)
    page_size = Text(required=False)


class SegmentChange(StrictSerializer):
    """What may be changed of a segment. What is absent stays as it is; `if: null` takes the condition away."""

    name = Text(required=False, allow_blank=True, max_length=200)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    included = IdsField(required=False, allow_null=True)
    excluded = IdsField(required=False, allow_null=True)
    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")

    def get_fields(self) -> dict[str, Any]:
        """Add `if`, which is no name in Python."""
        return {**super().get_fields(), "if": ConditionField(required=False, allow_null=True)}


class NewSegment(SegmentChange):
    """A segment to be created."""

    key = Text()


def fields_of(body: dict[str, Any]) -> SegmentFields:
    """Return what a body sets, in the words of the services."""
    fields: dict[str, Any] = {("condition" if name == "if" else name): value for name, value in body.items()}
    return fields  # type: ignore[return-value]  # the serializer's fields are the TypedDict's


class SegmentBody(serializers.Serializer[Any]):
    """A segment."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    project = serializers.CharField()
    included = IdsField()
    excluded = IdsField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Add `if`, which is no name in Python."""
        return {**super().get_fields(), "if": ConditionField(allow_null=True)}


class SegmentPage(serializers.Serializer[Any]):
    """A page of segments; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SegmentBody(many=True)


def segment_body(segment: Segment) -> dict[str, Any]:
    """Return a segment as `SegmentBody` describes it."""
    return {
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        "project": segment.project.key,
        "if": segment.condition,
        "included": segment.included,
        "excluded": segment.excluded,
        "version": segment.version,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }
