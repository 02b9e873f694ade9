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
    kept is decided as if it had not got them. `speaks_for_everybody` means that stages are all that changes: then they
    tell of contexts, too, that nobody has seen, and where no stage may take anything, nobody loses. `is_of_buckets`
    means that it is their percentages and weights alone, and where a stage surely takes something, somebody loses.
    """

    key: str
    cause: Cause
    transitions: tuple[Transition, ...]
    stages: tuple[StageMoves, ...] = ()
    attributes: frozenset[str] = frozenset()
    speaks_for_everybody: bool = False
    is_of_buckets: bool = False

    def count(self, kind: Kind) -> int:
        """Return how many contexts gain, lose, switch or stay."""
        return sum(transition.count for transition in self.transitions if transition.kind is kind)

    @property
    def anyone_loses(self) -> bool:
        """Tell whether somebody loses what they have, or may: one of the contexts, or one of the buckets."""
        return any(stage.may_take for stage in self.stages) or self.count(Kind.LOSE) > 0

    @property
    def surely_takes(self) -> bool:
        """Tell whether that is certain, seen or not."""
        return self.is_of_buckets and any(stage.surely_takes for stage in self.stages)


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
    def somebody_loses(self) -> bool:
        """Tell whether that is certain: one of those seen does, or the buckets speak for everybody."""
        return self.losing > 0 or any(flag.surely_takes for flag in self.flags)

    @property
    def speaks_for_everybody(self) -> bool:
        """Tell whether the answer is certain for contexts that were never seen, and not only for those that were."""
        return all(flag.speaks_for_everybody for flag in self.flags)

    @property
    def attributes(self) -> frozenset[str]:
        """Return the attributes that the affected flags look at."""
        return frozenset().union(*(flag.attributes for flag in self.flags))
