"""How a flag decides: the readable reference, in the order of the specification.

1. An unknown flag, a malformed one, a context without an id: raised, for the caller to turn into an error.
2. Not enabled: the off variation.
3. A prerequisite flag does not serve what is wanted: the off variation.
4. The context is targeted by its id: that variation.
5. The first rule whose condition holds and whose rollout lets the context in: its serve.
6. The default rule: inside the rollout its serve, outside the off variation.

`compile` decides the same, faster; a property test holds them equal. No clock is read here: `now` is handed
in. `trace` is told of every stage that is looked at; what it makes of that is not known here.
"""

from collections.abc import Mapping
from typing import Any

from flagsite_sdk.engine import bucketing
from flagsite_sdk.engine.context import bucketing_value, identify, read
from flagsite_sdk.engine.errors import Malformed, UnknownFlag
from flagsite_sdk.engine.model import (
    BUCKETS,
    All,
    AnyOf,
    Comparison,
    Condition,
    Flag,
    InSegment,
    Not,
    Prerequisite,
    Rule,
    Segment,
    Serve,
)
from flagsite_sdk.engine.operators import compares
from flagsite_sdk.engine.references import Flags, Segments, prerequisites_first, segments_first, usable
from flagsite_sdk.engine.result import Decision, Reason


class Asker:
    """Who asks, and when: a context with everything that conditions and gates want to know of it."""

    def __init__(self, context: Mapping[str, Any], now: float) -> None:
        self.id = identify(context)
        self.context = context
        self.now = now
        self._memberships: dict[str, bool] = {}

    def enter(self, segment: Segment) -> None:
        """Find out whether the context is in a segment; the segments inside it come first."""
        if segment.key not in self._memberships:
            self._memberships[segment.key] = self._is_in(segment)

    def _is_in(self, segment: Segment) -> bool:
        if self.id in segment.included:
            return True
        if self.id in segment.excluded or segment.condition is None:
            return False
        return self.matches(segment.condition)

    def matches(self, condition: Condition) -> bool:
        """Whether a condition holds."""
        match condition:
            case Comparison(attribute, operator, value, ignore_case):
                actual = read(self.context, attribute)
                return compares(operator, actual, value, ignore_case=ignore_case, now=self.now)
            case InSegment(segment):
                return self._memberships[segment]
            case All(conditions):
                return all(self.matches(part) for part in conditions)
            case AnyOf(conditions):
                return any(self.matches(part) for part in conditions)
            case Not(inner):
                return not self.matches(inner)
            case _:  # Everyone
                return True

    def bucket(self, flag: Flag, purpose: bucketing.Purpose, bucket_by: str) -> int | None:
        """The bucket in which the context falls, None when it has no value to bucket by."""
        value = bucketing_value(read(self.context, bucket_by))
        return None if value is None else bucketing.bucket(flag.salt, purpose, value)

    def is_inside(self, flag: Flag, rollout: int, serve: Serve) -> bool:
        """Whether the context is inside a rollout. At 100 % everybody is, at 0 % nobody."""
        if rollout == BUCKETS:
            return True
        bucket = self.bucket(flag, "rollout", serve.bucket_by)
        return bucket is not None and bucket < rollout

    def served(self, flag: Flag, serve: Serve) -> str | None:
        """The variation that a serve has for the context, None when a split has no value to bucket by."""
        if not serve.split:
            return serve.shares[0].variation
        bucket = self.bucket(flag, "split", serve.bucket_by)
        if bucket is None:
            return None
        end = 0
        for share in serve.shares[:-1]:
            end += share.buckets
            if bucket < end:
                return share.variation
        return serve.shares[-1].variation  # the weights add up to all the buckets


class Trace:
    """Is told of every stage that is looked at. This one does not listen; `explain` has one that does."""

    def enabled(self, flag: Flag) -> None:
        """Whether the flag is on was looked at."""

    def prerequisite(self, wanted: Prerequisite, served: str | None) -> None:
        """A prerequisite was looked at; `served` is None when that flag cannot be decided."""

    def targets(self, found: str | None) -> None:
        """The targets were looked at; `found` is what they have for the context."""

    def rule(self, flag: Flag, index: int, rule: Rule, asker: Asker) -> None:
        """A rule was looked at."""

    def default_rule(self, flag: Flag, asker: Asker) -> None:
        """The default rule was looked at."""


_DEAF = Trace()


def evaluate(
    key: str,
    context: Mapping[str, Any],
    *,
    flags: Flags,
    segments: Segments,
    now: float,
    trace: Trace = _DEAF,
) -> Decision:
    """Decide a flag for a context.

    Args:
        key: The flag's key.
        context: Who is asking.
        flags: The flags by key; looking up an unreadable one raises Malformed.
        segments: The segments by key; likewise.
        now: The moment of the evaluation, in seconds since 1970.
        trace: Is told of every stage that is looked at in this flag.

    Raises:
        UnknownFlag: There is no flag of that key.
        Malformed: The flag cannot be used.
        InvalidContext: The context has no text `id`.
    """
    order, cyclic = prerequisites_first(key, flags)
    flag = usable(key, flags, segments, cyclic)
    asker = Asker(context, now)
    served: dict[str, str] = {}
    for name in order[:-1]:
        try:
            prerequisite = usable(name, flags, segments, cyclic)
        except (UnknownFlag, Malformed):
            continue  # it serves nothing
        served[name] = decide(prerequisite, asker, served, segments, _DEAF).variation
    return decide(flag, asker, served, segments, trace)


def decide(flag: Flag, asker: Asker, served: Mapping[str, str], segments: Segments, trace: Trace) -> Decision:
    """Decide a flag that can be used, knowing what its prerequisites serve."""
    trace.enabled(flag)
    if not flag.enabled:
        return _decision(flag, flag.off_variation, Reason.OFF)

    for prerequisite in flag.prerequisites:
        trace.prerequisite(prerequisite, served.get(prerequisite.flag))
        if served.get(prerequisite.flag) != prerequisite.variation:
            return _decision(flag, flag.off_variation, Reason.PREREQUISITE_FAILED)

    target = next((target.variation for target in flag.targets if asker.id in target.ids), None)
    trace.targets(target)
    if target is not None:
        return _decision(flag, target, Reason.TARGET_MATCH)

    for segment in segments_first(flag, segments)[0]:
        asker.enter(segments[segment])
    return _first_rule(flag, asker, trace) or _default_rule(flag, asker, trace)


def _first_rule(flag: Flag, asker: Asker, trace: Trace) -> Decision | None:
    for index, rule in enumerate(flag.rules):
        trace.rule(flag, index, rule, asker)
        if asker.matches(rule.condition) and asker.is_inside(flag, rule.rollout, rule.serve):
            variation = asker.served(flag, rule.serve)
            if variation is not None:
                return _decision(flag, variation, Reason.RULE_MATCH, rule.id)
    return None


def _default_rule(flag: Flag, asker: Asker, trace: Trace) -> Decision:
    trace.default_rule(flag, asker)
    if asker.is_inside(flag, flag.rollout, flag.fallthrough):
        variation = asker.served(flag, flag.fallthrough)
        if variation is not None:
            return _decision(flag, variation, Reason.FALLTHROUGH)
    return _decision(flag, flag.off_variation, Reason.OUTSIDE_ROLLOUT)


def _decision(flag: Flag, variation: str, reason: Reason, rule: str | None = None) -> Decision:
    return Decision(flag.values[variation], variation, reason, rule)
