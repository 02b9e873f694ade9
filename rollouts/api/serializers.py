"""The shapes of rollouts and ramps over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flags.api.serializers import Said, ScopeQuery
from flagsite.lib.strict import StrictSerializer, Text, Whole
from rollouts.api.ramp_fields import DurationField, GuardrailsField, StepsField


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.001})
class PercentageField(serializers.JSONField):
    """0 to 100, in steps of 0.001."""


class RolloutChange(StrictSerializer):
    """How many contexts to let in."""

    percentage = PercentageField()
    comment = Text(required=False, allow_blank=True, max_length=2000, help_text="Why; kept in the history.")


class RampChange(Said):
    """What may be changed of a ramp that is not over. `steps` are those that are still to come."""

    steps = StepsField(required=False)
    guardrails = GuardrailsField(required=False)
    watch_for = DurationField(required=False, help_text="How long guardrails look on after the last step: `1h`.")


class NewRamp(RampChange):
    """A ramp to be started: steps, or a template that has them."""

    template = Text(required=False, help_text="Key of a template: careful, standard, fast or the project's own.")
    rule = Text(required=False, max_length=128, help_text="Id of the rule to ramp; without it the default rule.")
    turn_on = serializers.BooleanField(required=False, help_text="Turn the flag on with the first step.")


class Advance(Said):
    """To which step; without a number to the next."""

    step = Whole(required=False, min_value=1, max_value=1000, help_text="Number of the step, from 1.")


class CheckQuery(ScopeQuery):
    """Which page of the looks at guardrails."""

    cursor = Text(required=False)
    page_size = Text(required=False)


class NextBody(serializers.Serializer[Any]):
    """The next step of a running ramp."""

    step = serializers.IntegerField(help_text="Its number, from 1.")
    percentage = PercentageField()
    due_at = serializers.DateTimeField(help_text="When it is due at the earliest.")
    waits_for = serializers.CharField(
        allow_null=True, help_text="time, evaluations, confirmation, guardrail, or null: nothing."
    )


class OccurrenceBody(serializers.Serializer[Any]):
    """Something that happened to a ramp."""

    kind = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    text = serializers.CharField()
    percentage_before = PercentageField(allow_null=True)
    percentage = PercentageField(allow_null=True)
    revision = serializers.IntegerField(allow_null=True)
    details = serializers.JSONField()


class RampBody(serializers.Serializer[Any]):
    """A ramp: where it stands, what is next, what is watched, and what happened."""

    id = serializers.IntegerField()
    flag = serializers.CharField()
    environment = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    status = serializers.CharField(help_text="awaiting_approval, running, paused, finished, stopped or rolled_back.")
    reason = serializers.CharField(help_text="Why it is paused, stopped or rolled back.")
    percentage_before = PercentageField()
    percentage = PercentageField(allow_null=True, help_text="What the ramp set last.")
    steps = StepsField()
    next = NextBody(allow_null=True)
    guardrails = GuardrailsField()
    watch_for = serializers.CharField()
    turn_on = serializers.BooleanField()
    author = serializers.CharField()
    approved_by = serializers.CharField()
    comment = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    log = OccurrenceBody(many=True)


class CheckBody(serializers.Serializer[Any]):
    """One look at a guardrail."""

    guardrail = serializers.IntegerField(help_text="Its number, from 1.")
    at = serializers.DateTimeField()
    verdict = serializers.CharField(help_text="healthy, undecided, crossed, mismatched or silent.")
    text = serializers.CharField()
    figures = serializers.JSONField()


class CheckPage(serializers.Serializer[Any]):
    """A page of looks at guardrails, the newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CheckBody(many=True)


class TemplateChange(StrictSerializer):
    """A template of ramps."""

    name = Text(required=False, allow_blank=True, max_length=200)
    steps = StepsField()
    guardrails = GuardrailsField(required=False)


class TemplateBody(serializers.Serializer[Any]):
    """A template of ramps: one that comes with Flagsite, or the project's own."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    steps = StepsField()
    guardrails = GuardrailsField()
