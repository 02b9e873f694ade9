"""What a change request does to whom, and what a reading of the rules finds, over REST."""

from typing import Any

import orjson
from rest_framework import serializers

from flags.reviews import Effect


class MovedBody(serializers.Serializer[Any]):
    """Contexts that go from one variation to another."""

    before = serializers.CharField()
    after = serializers.CharField()
    kind = serializers.CharField(help_text="gain, lose or switch.")
    count = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.CharField())


class FlagEffectBody(serializers.Serializer[Any]):
    """What happens to one flag's users: to the contexts seen last, and in the bucket space."""

    key = serializers.CharField()
    because = serializers.CharField(help_text="Which segment or prerequisite it depends on; empty: it changes itself.")
    moved = MovedBody(many=True)
    buckets = serializers.ListField(child=serializers.CharField(), help_text="In sentences.")


class WarningBody(serializers.Serializer[Any]):
    """What a reading of the rules finds, with its proof or a context that shows it."""

    key = serializers.CharField()
    says = serializers.CharField()
    proof = serializers.CharField()
    witness = serializers.JSONField(allow_null=True)


class EffectBody(serializers.Serializer[Any]):
    """What the change does in one environment."""

    environment = serializers.CharField()
    contexts = serializers.IntegerField(help_text="Contexts seen last for which it was decided.")
    touched = serializers.IntegerField(help_text="Of them, those that are served something else.")
    losing = serializers.IntegerField(help_text="Of them, those that lose what they have.")
    somebody_loses = serializers.BooleanField(help_text="Whether it is certain that somebody loses what they have.")
    anyone_loses = serializers.BooleanField(help_text="Whether somebody may, by who was seen or by the buckets alone.")
    holds_for_everybody = serializers.BooleanField(help_text="Whether that holds for all contexts, seen or not.")
    flags = FlagEffectBody(many=True)
    more_flags = serializers.IntegerField(help_text="Flags that are touched too and not told of here.")
    attributes_not_kept = serializers.ListField(child=serializers.CharField())
    warnings = WarningBody(many=True)


class EffectsBody(serializers.Serializer[Any]):
    """What the change does, environment by environment; none while it cannot be published as it stands."""

    version = serializers.IntegerField()
    effects = EffectBody(many=True)


def effect_body(effect: Effect) -> dict[str, Any]:
    """Return what the change does in one environment."""
    return {
        "environment": effect.environment.key,
        "contexts": effect.contexts,
        "touched": effect.touched,
        "losing": effect.losing,
        "somebody_loses": effect.somebody_loses,
        "anyone_loses": effect.anyone_loses,
        "holds_for_everybody": effect.speaks_for_everybody,
        "flags": [
            {
                "key": flag.key,
                "because": flag.why,
                "moved": [vars(moved) for moved in flag.moved],
                "buckets": [sentence for stage in flag.stages for sentence in stage.sentences],
            }
            for flag in effect.flags
        ],
        "more_flags": effect.more,
        "attributes_not_kept": effect.untold,
        "warnings": [
            {**vars(warned), "witness": orjson.loads(warned.witness) if warned.witness else None}
            for warned in effect.warnings
        ],
    }
