"""What a condition is made of once it is taken apart: statements about one attribute that hold or do not.

Each is tested by the engine's own functions. Two are about the same thing when their `subject` is the same; then one
that holds and one that does not contradict each other.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flagsite_sdk.engine.context import bucketing_value
from flagsite_sdk.engine.model import Comparison
from flagsite_sdk.engine.operators import NEGATIONS, OPERATORS, compares
from flagsite_sdk.engine.wire import write_condition

from segments.wording import condition_in_words, value_in_words


@dataclass(frozen=True)
class Compared:
    """A comparison, by an operator that is no negation, holds or does not."""

    attribute: str
    holds: bool
    subject: str = field(repr=False)  # stands for operator and value: Python takes 1, 1.0 and True for the same
    operator: str = field(compare=False)
    value: Any = field(compare=False)
    ignore_case: bool = field(compare=False)

    def admits(self, actual: Any, now: float) -> bool:
        """Tell whether the attribute may be this; None is a missing one."""
        outcome = compares(self.operator, actual, self.value, ignore_case=self.ignore_case, now=now)
        return outcome is self.holds

    def __str__(self) -> str:
        negation = None if self.holds else OPERATORS[self.operator].negation
        words = condition_in_words(
            write_condition(Comparison(self.attribute, negation or self.operator, self.value, self.ignore_case))
        )
        return words if self.holds or negation else f"not ({words})"


@dataclass(frozen=True)
class Listed:
    """The id is in a list of ids, or is not."""

    holds: bool
    subject: str
    """What the list is, as a sentence may say it: `listed in the segment beta`."""
    ids: frozenset[str] = field(compare=False, repr=False)
    attribute: str = "id"

    def admits(self, actual: Any, now: float) -> bool:
        """Tell whether the id may be this."""
        del now
        return (actual in self.ids) is self.holds

    def __str__(self) -> str:
        return f"the id is {'' if self.holds else 'not '}{self.subject}"


@dataclass(frozen=True)
class Bucketable:
    """The attribute has a value to bucket by, or has none."""

    attribute: str
    holds: bool
    subject: str = "has a value to bucket by"

    def admits(self, actual: Any, now: float) -> bool:
        """Tell whether the attribute may be this; None is a missing one."""
        del now
        return (bucketing_value(actual) is not None) is self.holds

    def __str__(self) -> str:
        return f"{value_in_words(self.attribute)} {'has a' if self.holds else 'has no'} value to bucket by"


Literal: TypeAlias = Compared | Listed | Bucketable


def compared(comparison: Comparison, *, holds: bool) -> Compared:
    """Return the literal of a comparison; a negated operator becomes its operator, which does not hold."""
    operator = comparison.operator
    if operator in NEGATIONS:
        operator, holds = NEGATIONS[operator].name, not holds
    subject = repr((operator, comparison.value, comparison.ignore_case))
    return Compared(comparison.attribute, holds, subject, operator, comparison.value, comparison.ignore_case)
