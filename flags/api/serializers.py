"""The shapes of the REST API's bodies and query parameters."""

from typing import Any

from rest_framework import serializers

from flags.api.wire_fields import (
    ContextField,
    EnabledField,
    PercentageField,
    PrerequisitesField,
    RulesField,
    ServeField,
    TargetsField,
    ValueField,
    VariationsField,
    wire,
)
from flags.documents import state_document
from flags.history import Entry
from flags.limits import MAX_TAGS
from flags.models import FlagState
from flagsite.lib.strict import Digits, Many, StrictSerializer, Text, Whole


class ScopeQuery(StrictSerializer):
    """Which project and environment is meant."""

    project = Text(required=False, help_text="Key of the project; needed by a token that reaches several.")
    environment = Text(required=False, help_text="Key of the environment; by default the project's first.")


class DeleteQuery(ScopeQuery):
    """A deletion has no body, so it says why here."""

    comment = Text(required=False, allow_blank=True, max_length=2000)


class ListQuery(ScopeQuery):
    """Which flags to list."""

    search = Text(required=False, allow_blank=True, help_text="Part of the key, name or description.")
    tag = Text(required=False, allow_blank=True)
    cursor = Text(required=False)
    page_size = Text(required=False)


class HistoryQuery(ScopeQuery):
    """Which page of the history."""

    cursor = Text(required=False)
    page_size = Text(required=False)


class FlagChange(StrictSerializer):
    """What may be changed of a flag. What is absent stays as it is."""

    name = Text(required=False, allow_blank=True, max_length=200)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    tags = Many(child=Text(max_length=64), required=False, max_length=MAX_TAGS)
    owner = Text(required=False, allow_blank=True, max_length=150, help_text="Name of the person who answers for it.")
    type = Text(required=False, help_text="boolean, string, number or json; never changes.")
    variations = wire(VariationsField)
    enabled = wire(EnabledField)
    salt = wire(serializers.JSONField, help_text="What buckets are computed with; changing it moves everybody.")
    off_variation = wire(serializers.JSONField)
    fallthrough = wire(ServeField)
    rollout_percentage = wire(PercentageField)
    targets = wire(TargetsField)
    rules = wire(RulesField)
    prerequisites = wire(PrerequisitesField)
    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")


class NewFlag(FlagChange):
    """A flag to be created."""

    key = Text()
    type = Text(help_text="boolean, string, number or json.")


class FlagBody(serializers.Serializer[Any]):
    """A flag and its state in one environment."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    project = serializers.CharField()
    environment = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    owner = serializers.CharField(help_text="Name of the person who answers for it; empty when nobody does.")
    type = serializers.CharField()
    variations = VariationsField()
    enabled = serializers.BooleanField()
    hash = serializers.CharField()
    salt = serializers.CharField()
    off_variation = serializers.CharField()
    fallthrough = ServeField()
    rollout_percentage = PercentageField()
    targets = TargetsField()
    rules = RulesField()
    prerequisites = PrerequisitesField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def flag_body(state: FlagState) -> dict[str, Any]:
    """Return a state, fetched by `flags.querysets.states_in`, as `FlagBody` describes it."""
    flag = state.flag
    return {
        "key": flag.key,
        "name": flag.name,
        "description": flag.description,
        "project": state.environment.project.key,
        "environment": state.environment.key,
        "tags": flag.tag_names(),
        "owner": flag.owner.username if flag.owner else "",
        **state_document(state),
        "variations": flag.variations,
        "version": state.version,
        "created_at": flag.created_at,
        "updated_at": max(flag.updated_at, state.updated_at),
    }


class FlagPage(serializers.Serializer[Any]):
    """A page of flags; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = FlagBody(many=True)


class EvaluationRequest(StrictSerializer):
    """Who asks, and for which flag; without `flag_key`, for all."""

    flag_key = Text(required=False)
    context = ContextField()  # type: ignore[assignment]  # DRF takes declared fields off the class


class EvaluationBody(serializers.Serializer[Any]):
    """What the flag is for the context, and why."""

    flag_key = serializers.CharField()
    value = ValueField()
    variation = serializers.CharField()
    reason = serializers.CharField()
    rule = serializers.CharField(required=False, help_text="Id of the rule that decided.")
    revision = serializers.IntegerField()


class EvaluationOfAll(serializers.Serializer[Any]):
    """What one of all flags is; one that cannot be used says so, and has no value."""

    value = ValueField()
    variation = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    rule = serializers.CharField(required=False, help_text="Id of the rule that decided.")
    error_code = serializers.CharField(required=False)
    error = serializers.CharField(required=False)


class EvaluationsBody(serializers.Serializer[Any]):
    """What every flag is for the context, all of one revision."""

    flags = serializers.DictField(child=EvaluationOfAll())
    revision = serializers.IntegerField()


class ConfigQuery(StrictSerializer):
    """What an SDK holds already."""

    since = Digits(required=False, help_text="Revision that is held already; 0 for none.")


class RestoreRequest(StrictSerializer):
    """Which revision to bring back."""

    revision = Whole(min_value=1)
    comment = Text(required=False, allow_blank=True, max_length=2000)


class Said(StrictSerializer):
    """Why something is done with a change request or a ramp."""

    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")


class TurnOffRequest(Said):
    """Why a flag is turned off in an emergency."""


class ChangeBody(serializers.Serializer[Any]):
    """One change of a flag or segment."""

    revision = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    actor = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class
    comment = serializers.CharField()
    proposed_by = serializers.CharField(help_text="Who proposed it; empty when it was not a change request.")
    approved_by = serializers.CharField(help_text="Who approved it; empty when nobody had to.")
    is_emergency = serializers.BooleanField()
    changes = serializers.ListField(child=serializers.CharField(), help_text="What changed, in sentences.")


class RevisionBody(ChangeBody):
    """One change of a flag."""

    flag = serializers.JSONField(help_text="The flag's document after the change; null when it was deleted.")


class SegmentRevisionBody(ChangeBody):
    """One change of a segment."""

    segment = serializers.JSONField(help_text="The segment's document after the change; null when it was deleted.")


class HistoryPage(serializers.Serializer[Any]):
    """A page of a flag's history, the newest change first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RevisionBody(many=True)


class SegmentHistoryPage(serializers.Serializer[Any]):
    """A page of a segment's history, the newest change first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SegmentRevisionBody(many=True)


def revision_body(entry: Entry) -> dict[str, Any]:
    """Return an entry of a revision as `RevisionBody` or `SegmentRevisionBody` describes it."""
    revision = entry.item.revision
    return {
        "revision": revision.number,
        "created_at": revision.created_at,
        "actor": revision.actor_label,
        "source": revision.source,
        "comment": revision.comment,
        "proposed_by": revision.change_request.author_label if revision.change_request else "",
        "approved_by": revision.approved_by,
        "is_emergency": revision.is_emergency,
        "changes": entry.sentences,
        str(entry.item.kind): entry.after,
    }
