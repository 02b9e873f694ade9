"""The table of operators: every one, with its types, its test, its source and its negation.

A missing attribute, or one of a type that the operator does not understand, makes a comparison false, and
the negated operator is true whenever its operator is false. Nothing is converted.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flagsite_sdk.engine.operators import addresses, numbers, presence, scalars, texts, times, versions
from flagsite_sdk.engine.operators.operator import Code, Operator

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        operator.name: operator
        for operator in (
            *scalars.OPERATORS,
            *texts.OPERATORS,
            *numbers.OPERATORS,
            *times.OPERATORS,
            *versions.OPERATORS,
            *addresses.OPERATORS,
            *presence.OPERATORS,
        )
    }
)
"""The operators by name, without their negations."""

NEGATIONS: Mapping[str, Operator] = MappingProxyType(
    {operator.negation: operator for operator in OPERATORS.values() if operator.negation}
)
"""The negated operators by name, each with the operator that it negates."""

HELPERS: Mapping[str, Any] = MappingProxyType(
    {
        **scalars.HELPERS,
        **texts.HELPERS,
        **times.HELPERS,
        **versions.HELPERS,
        **addresses.HELPERS,
    }
)
"""What the operators' sources call, by the name that they use."""


def find(name: str) -> Operator | None:
    """The operator of that name, or the one that the name negates."""
    return OPERATORS.get(name) or NEGATIONS.get(name)


def compares(name: str, actual: Any, value: Any, *, ignore_case: bool, now: float) -> bool:
    """Whether the comparison holds; `actual` is None when the attribute is missing."""
    operator = OPERATORS.get(name)
    if operator is None:
        operator = NEGATIONS[name]
        return actual is None or not operator.test(actual, value, ignore_case, now)
    return actual is not None and operator.test(actual, value, ignore_case, now)


def source(name: str, value: Any, *, ignore_case: bool) -> Code:
    """The comparison as Python source: an expression whose truth is `compares`."""
    operator = OPERATORS.get(name)
    if operator is not None:
        return operator.code(value, ignore_case)
    return NEGATIONS[name].code(value, ignore_case)._replace(negated=True)


__all__ = ["HELPERS", "NEGATIONS", "OPERATORS", "Code", "Operator", "compares", "find", "source"]
