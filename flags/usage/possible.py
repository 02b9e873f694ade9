"""Which of an SDK's records can be true, by what the environment has and had. Pure.

What cannot be is not kept: shown beside the rest, it would be taken for a fact. What may have been is kept, though it
is so no more: a variation that was deleted since, a flag that is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flags.usage.reports import Evaluation


class Judgement(StrEnum):
    """What to do with a record."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    OF_NO_FLAG = "of no flag"
    """An error of a key that nothing was ever called: callers may make up any number of them."""


@dataclass(frozen=True)
class Known:
    """What is known of the environment and of the flags that are reported."""

    head: int
    """Its newest revision."""
    variations: Mapping[str, frozenset[str]]
    """Of the flags that there are."""
    changed: Mapping[str, int]
    """By which revision a flag was last changed or deleted; of those alone whose variations explain no record."""

    def judge(self, entry: Evaluation) -> Judgement:
        """Tell whether the record can be true.

        A revision above the head is none of this environment's, except before a backup was restored: then its number
        will be another change's. A variation that the flag does not have can be of before its last change only.
        """
        if entry.revision > self.head:
            return Judgement.IMPOSSIBLE
        if entry.flag in self.variations and (entry.variation is None or self.has(entry)):
            return Judgement.POSSIBLE
        if entry.flag not in self.changed and entry.variation is None:
            return Judgement.OF_NO_FLAG
        was_before = entry.variation is None or entry.revision < self.changed.get(entry.flag, 0)
        return Judgement.POSSIBLE if was_before else Judgement.IMPOSSIBLE

    def has(self, entry: Evaluation) -> bool:
        """Tell whether the flag has that variation now."""
        return entry.variation in self.variations.get(entry.flag, ())
