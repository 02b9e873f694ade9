"""Why a flag decided as it did: every stage that was looked at, down to the attribute and the bucket.

The decision itself is made by `evaluate`; here it is written down as JSON. Every condition of a rule that was
looked at is given its outcome, also where the decision did not depend on it any more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flagsite_sdk.engine.context import read
from flagsite_sdk.engine.evaluate import Asker, Trace, evaluate
from flagsite_sdk.engine.model import (
    All,
    AnyOf,
    Comparison,
    Condition,
    Flag,
    InSegment,
    Not,
    Prerequisite,
    Rule,
    Serve,
)
from flagsite_sdk.engine.references import Flags, Segments
from flagsite_sdk.engine.result import fresh
from flagsite_sdk.engine.wire.conditions import write_condition
from flagsite_sdk.engine.wire.reading import json_fault
from flagsite_sdk.engine.wire.serves import share

Step = dict[str, Any]


def explain(key: str, context: Mapping[str, Any], *, flags: Flags, segments: Segments, now: float) -> dict[str, Any]:
    """Decide a flag and say why, as JSON: `{flag_key, value, variation, reason, rule, steps}`.

    Raises:
        UnknownFlag: There is no flag of that key.
        Malformed: The flag cannot be used.
        InvalidContext: The context has no text `id`.
    """
    trace = _Trace(segments)
    decision = evaluate(key, context, flags=flags, segments=segments, now=now, trace=trace)
    return {
        "flag_key": key,
        "value": fresh(decision.value),
        "variation": decision.variation,
        "reason": decision.reason.value,
        "rule": decision.rule,
        "steps": trace.steps,
    }


class _Trace(Trace):
    """Writes down every stage it is told of."""

    def __init__(self, segments: Segments) -> None:
        self.steps: list[Step] = []
        self._segments = segments

    def enabled(self, flag: Flag) -> None:
        self.steps.append({"step": "enabled", "enabled": flag.enabled})

    def prerequisite(self, wanted: Prerequisite, served: str | None) -> None:
        self.steps.append(
            {
                "step": "prerequisite",
                "flag": wanted.flag,
                "variation": wanted.variation,
                "served": served,
                "matched": served == wanted.variation,
            }
        )

    def targets(self, found: str | None) -> None:
        self.steps.append({"step": "targets", "matched": found is not None, "variation": found})

    def rule(self, flag: Flag, index: int, rule: Rule, asker: Asker) -> None:
        matched = asker.matches(rule.condition)
        step: Step = {
            "step": "rule",
            "index": index,
            "id": rule.id,
            "name": rule.name,
            "matched": matched,
            "if": self.condition(rule.condition, asker),
        }
        if matched:
            step |= _serving(flag, rule.rollout, rule.serve, asker)
        self.steps.append(step)

    def default_rule(self, flag: Flag, asker: Asker) -> None:
        self.steps.append({"step": "default_rule", **_serving(flag, flag.rollout, flag.fallthrough, asker)})

    def condition(self, condition: Condition, asker: Asker) -> Step:
        """A condition with its outcome, and so for each of its parts."""
        outcome = asker.matches(condition)
        match condition:
            case All(parts):
                return {"all": [self.condition(part, asker) for part in parts], "outcome": outcome}
            case AnyOf(parts):
                return {"any": [self.condition(part, asker) for part in parts], "outcome": outcome}
            case Not(inner):
                return {"not": self.condition(inner, asker), "outcome": outcome}
            case InSegment(key):
                return {**self._segment(key, asker), "outcome": outcome}
            case Comparison(attribute):
                actual = _as_json(read(asker.context, attribute))
                return {**write_condition(condition), "actual": actual, "outcome": outcome}
            case _:
                return {**write_condition(condition), "outcome": outcome}

    def _segment(self, key: str, asker: Asker) -> Step:
        segment = self._segments[key]
        step: Step = {
            "segment": key,
            "included": asker.id in segment.included,
            "excluded": asker.id in segment.excluded,
        }
        if segment.condition is not None:
            step["if"] = self.condition(segment.condition, asker)
        return step


def _serving(flag: Flag, rollout: int, serve: Serve, asker: Asker) -> Step:
    """Whether the context is inside the rollout and, if so, how a split is cut."""
    inside = asker.is_inside(flag, rollout, serve)
    step: Step = {
        "gate": {
            "bucket_by": serve.bucket_by,
            "percentage": share(rollout),
            "bucket": asker.bucket(flag, "rollout", serve.bucket_by),
            "inside": inside,
        }
    }
    if inside and serve.split:
        shares = []
        end = 0
        for one in serve.shares:
            shares.append({"variation": one.variation, "from": end, "to": end + one.buckets})
            end += one.buckets
        step["split"] = {
            "bucket_by": serve.bucket_by,
            "bucket": asker.bucket(flag, "split", serve.bucket_by),
            "shares": shares,
        }
    step["variation"] = asker.served(flag, serve) if inside else None
    return step


def _as_json(value: Any) -> Any:
    """An attribute as JSON can say it."""
    if json_fault(value) is None:
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
