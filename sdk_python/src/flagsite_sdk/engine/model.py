"""A flag and a segment as the engine holds them: read, checked and frozen.

Percentages and weights are whole buckets here (0 … 100,000), lists are tuples, and every name refers to
something that exists in its flag: `wire` lets nothing else through. Nothing here knows JSON.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

BUCKETS = 100_000
"""The number of buckets; a thousandth of a percent each."""

FlagType: TypeAlias = Literal["boolean", "string", "number", "json"]


class Comparison(msgspec.Struct, frozen=True, tag="comparison"):
    """An attribute compared with a value. Lists are tuples; `exists` has the value None."""

    attribute: str
    operator: str
    value: Any = None
    ignore_case: bool = False


class InSegment(msgspec.Struct, frozen=True, tag="segment"):
    """The context is in a segment."""

    segment: str


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every condition holds."""

    conditions: tuple["Condition", ...]


class AnyOf(msgspec.Struct, frozen=True, tag="any"):
    """At least one condition holds."""

    conditions: tuple["Condition", ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The condition does not hold."""

    condition: "Condition"


class Everyone(msgspec.Struct, frozen=True, tag="everyone"):
    """Always holds, and says so."""


Condition: TypeAlias = Comparison | InSegment | All | AnyOf | Not | Everyone


class Share(msgspec.Struct, frozen=True):
    """A variation's part of a split, in buckets."""

    variation: str
    buckets: int


class Serve(msgspec.Struct, frozen=True):
    """What is served: the one variation with all the buckets, or several that share them.

    `split` keeps a split of one variation apart from that variation served plainly: a split needs a value
    to bucket by, a plain variation does not.
    """

    shares: tuple[Share, ...]
    split: bool = False
    bucket_by: str = "id"


class Rule(msgspec.Struct, frozen=True):
    """If the condition holds and the context is inside the rollout, serve."""

    id: str
    condition: Condition
    serve: Serve
    rollout: int = BUCKETS
    name: str = ""


class Variation(msgspec.Struct, frozen=True):
    """A named value."""

    key: str
    value: Any


class Prerequisite(msgspec.Struct, frozen=True):
    """Another flag, and the variation that it has to serve."""

    flag: str
    variation: str


class Target(msgspec.Struct, frozen=True):
    """Contexts that are named one by one, and what they are served."""

    variation: str
    ids: tuple[str, ...]


class Flag(msgspec.Struct, frozen=True):
    """A flag in an environment."""

    key: str
    type: FlagType
    enabled: bool
    salt: str
    variations: tuple[Variation, ...]
    off_variation: str
    fallthrough: Serve
    rollout: int = BUCKETS
    targets: tuple[Target, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """The variations' values by key."""
        return {variation.key: variation.value for variation in self.variations}


class Segment(msgspec.Struct, frozen=True):
    """A named audience: listed in, else listed out, else the condition; without a condition, out."""

    key: str
    condition: Condition | None = None
    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


def leaves(condition: Condition) -> list[Comparison | InSegment]:
    """The comparisons and segments of a condition, from left to right."""
    match condition:
        case Comparison() | InSegment():
            return [condition]
        case All(conditions) | AnyOf(conditions):
            return [leaf for part in conditions for leaf in leaves(part)]
        case Not(inner):
            return leaves(inner)
        case _:
            return []


def depth(condition: Condition) -> int:
    """How deep a condition is nested, from 1."""
    match condition:
        case All(conditions) | AnyOf(conditions):
            return 1 + max(map(depth, conditions))
        case Not(inner):
            return 1 + depth(inner)
        case _:
            return 1
