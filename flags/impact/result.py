"""What an impact says: frozen, and without a word of how it was found."""

from dataclasses import dataclass
from enum import StrEnum

from flags.impact.buckets import StageMoves
from flags.impact.moves import Kind


class Why(StrEnum):
    """How a change reaches a flag."""

    CHANGED = "changed"
    SEGMENT = "segment"
    PREREQUISITE = "prerequisite"


@dataclass(frozen=True)
class Cause:
    """Why a flag is affected: it changes itself, or it leans on `key`, which is affected."""

    why: Why
    key: str


@dataclass(frozen=True)
class Transition:
    """How many contexts go from one variation to another; None is no decision (no flag, or one that cannot be used).

    With the same variation on both sides it is its value that changes. `examples` are ids of some of them.
    """

    before: str | None
    after: str | None
    kind: Kind
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlagImpact:
    """What a change does to one flag: to contexts, and to the buckets of the stages whose gates or splits change.

    `attributes` are those that the flag looks at, before or after, the `id` left out: a context of which they are not
    kept is decided as if it had not got them. `speaks_for_everybody` means that gates and splits are all that changes:
    then the stages tell of contexts, too, that nobody has seen, and where they have no loss, nobody loses.
    """

    key: str
    cause: Cause
    transitions: tuple[Transition, ...]
    stages: tuple[StageMoves, ...]
    attributes: frozenset[str]
    speaks_for_everybody: bool

    def count(self, kind: Kind) -> int:
        """Return how many contexts gain, lose, switch or stay."""
        return sum(transition.count for transition in self.transitions if transition.kind is kind)

    @property
    def anyone_loses(self) -> bool:
        """Tell whether somebody loses what they have: one of the contexts, or one of the buckets."""
        return any(stage.joint.lose for stage in self.stages) or self.count(Kind.LOSE) > 0


@dataclass(frozen=True)
class Impact:
    """What a change does to all flags that it reaches: first the changed ones, then those that lean on them.

    `contexts` were looked at; `touched` of them are served something else by at least one flag, `losing` of them lose
    something.
    """

    flags: tuple[FlagImpact, ...]
    contexts: int
    touched: int
    losing: int

    @property
    def anyone_loses(self) -> bool:
        """Tell whether somebody loses what they have, as far as one can tell: see `speaks_for_everybody`."""
        return any(flag.anyone_loses for flag in self.flags)

    @property
    def speaks_for_everybody(self) -> bool:
        """Tell whether the answer is certain for contexts that were never seen, and not only for those that were."""
        return all(flag.speaks_for_everybody for flag in self.flags)

    @property
    def attributes(self) -> frozenset[str]:
        """Return the attributes that the affected flags look at."""
        return frozenset().union(*(flag.attributes for flag in self.flags))
