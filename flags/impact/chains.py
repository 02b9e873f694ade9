"""A flag as a chain of steps, its rules and last the default rule: who decides at a place, and what is served there.

A place is where a context falls: for each bucketing (a salt, and the attribute that is bucketed by) a bucket of the
gates and one of the splits, or none where the attribute is missing. Which conditions hold is told, not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import msgspec
from flagsite_sdk.engine.model import BUCKETS, Condition, Everyone, Flag, InSegment, Rule, Serve, leaves

Truth: TypeAlias = Mapping[bytes, bool]
"""By key of a condition, whether it holds."""
NOBODY: Final = ""
"""Decides where there is no flag, or it is off; no rule has this id."""
EVERYBODY: Final = msgspec.json.encode(Everyone())


class Bucketing(NamedTuple):
    """What is hashed: gates that share it let the same contexts in."""

    salt: str
    attribute: str


Place: TypeAlias = Mapping[Bucketing, tuple[int, int] | None]
"""The bucket of the gates and that of the splits; None: there is no value to bucket by."""


@dataclass(frozen=True)
class Step:
    """A rule, or the default rule as one that everybody matches; its `rule` is None."""

    rule: str | None
    condition: Condition
    key: bytes
    """Stands for the condition: two of the same key hold for the same contexts."""
    rollout: int
    serve: Serve
    bucketing: Bucketing
    name: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it decides everybody whom it matches, wherever they fall."""
        return self.rollout == BUCKETS and not self.serve.split

    @property
    def takes_all(self) -> bool:
        """Whether it decides everybody whom it matches and who has a value to bucket by."""
        return self.rollout == BUCKETS

    @property
    def boundaries(self) -> tuple[list[int], list[int]]:
        """Where its gate and its split have boundaries, within the buckets."""
        gate = [self.rollout] if 0 < self.rollout < BUCKETS else []
        ends, end = [], 0
        for share in self.serve.shares:
            end += share.buckets
            ends.append(end)
        return gate, [end for end in ends if 0 < end < BUCKETS and self.rollout]

    @property
    def is_mixed(self) -> bool:
        """Whether buckets decide anything here."""
        return any(self.boundaries)

    def served(self, fallen: tuple[int, int] | None) -> str | None:
        """Return what is served there; None: this step has no say."""
        if self.rollout < BUCKETS and (fallen is None or fallen[0] >= self.rollout):
            return None
        if not self.serve.split:
            return self.serve.shares[0].variation
        if fallen is None:
            return None
        end = 0
        for share in self.serve.shares[:-1]:
            end += share.buckets
            if fallen[1] < end:
                return share.variation
        return self.serve.shares[-1].variation


@dataclass(frozen=True)
class Chain:
    """One of the two sides of a change; without steps where there is no flag, or it is off."""

    flag: Flag | None
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, flag: Flag | None, *, mark: bytes = b"") -> "Chain":
        """Return a flag's chain; `mark` keeps conditions that name segments apart from the same of the other side."""
        if flag is None or not flag.enabled:
            return cls(flag, ())

        def step(rule: Rule) -> Step:
            condition, serve = rule.condition, rule.serve
            names_segments = any(isinstance(leaf, InSegment) for leaf in leaves(condition))
            key = (mark if names_segments else b"") + msgspec.json.encode(condition)
            return Step(rule.id, condition, key, rule.rollout, serve, Bucketing(flag.salt, serve.bucket_by), rule.name)

        default = step(Rule("", Everyone(), flag.fallthrough, flag.rollout))
        return cls(flag, (*map(step, flag.rules), replace(default, rule=None)))

    @property
    def nothing(self) -> str | None:
        """What is served to who has nothing."""
        return self.flag.off_variation if self.flag else None

    def step(self, rule: str | None) -> Step | None:
        """Return the step of a rule, or of the default rule."""
        return next((step for step in self.steps if step.rule == rule), None)

    def before(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that come before one of its own."""
        return self.steps[: self.steps.index(step)]

    def decision(self, truth: Truth, place: Place) -> tuple[str | None, str | None]:
        """Return which rule decides there, None for the default rule, and what it serves."""
        for step in self.steps:
            if truth.get(step.key):
                served = step.served(place.get(step.bucketing))
                if served is not None:
                    return step.rule, served
        return (None if self.steps else NOBODY), self.nothing
