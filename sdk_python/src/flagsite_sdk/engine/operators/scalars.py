"""Equality of scalars: equals, in, and for list attributes any_of, all_of, none_of.

Text, numbers and booleans never equal each other; 1 and 1.0 are one number; NaN equals nothing.
"""

from collections.abc import Iterator
from typing import Any

from flagsite_sdk.engine.operators.operator import IS_NUMBER, IS_TEXT, Code, Fault, Operator, each, is_number, shared

LISTS = (list, tuple, set, frozenset)
FEW = 3


def comparable(value: Any, fold: bool = False) -> Any:
    """A scalar as something that Python compares as we do; None for what is no scalar.

    Booleans are wrapped, because Python takes True for 1.
    """
    if isinstance(value, str):
        return value.casefold() if fold else value
    if isinstance(value, bool):
        return (value,)
    return value if is_number(value) else None


def comparables(values: Any, fold: bool = False) -> frozenset[Any]:
    """The scalars of a list, as something that Python compares as we do."""
    return frozenset(comparable(value, fold) for value in values)


def _fault(value: Any) -> str | None:
    return None if comparable(value) is not None else "Must be text, a number or a boolean."


def _check_scalar(value: Any, ignore_case: bool) -> Iterator[Fault]:
    fault = _fault(value)
    if fault:
        yield "", fault
    elif ignore_case and not isinstance(value, str):
        yield "", "ignore_case needs text to compare."


def _check_list(value: Any, ignore_case: bool) -> Iterator[Fault]:
    if not isinstance(value, tuple):
        yield "", "Must be a list."
        return
    yield from each(value, _fault)
    if ignore_case and not any(isinstance(item, str) for item in value):
        yield "", "ignore_case needs text to compare."


def _equals(actual: Any, value: Any, ignore_case: bool, _now: float) -> bool:
    # NaN is never equal; None (no scalar) is not the comparable of any value
    return bool(comparable(actual, ignore_case) == comparable(value, ignore_case))


def _equals_code(value: Any, ignore_case: bool) -> Code:
    if ignore_case:
        return Code("{x}.casefold() == {0}", (value.casefold(),), guard=IS_TEXT)
    if isinstance(value, str):
        return Code("{x} == {0}", (value,), guard=IS_TEXT)
    if isinstance(value, bool):
        return Code("{read} is {0}", (value,))
    return Code("{x} == {0}", (value,), guard=IS_NUMBER)


def _in(actual: Any, value: Any, ignore_case: bool, _now: float) -> bool:
    return comparable(actual, ignore_case) in comparables(value, ignore_case)


def _in_code(value: Any, ignore_case: bool) -> Code:
    wanted = comparables(value, ignore_case)
    if ignore_case:
        return Code("comparable({read}, True) in {0}", (wanted,))
    if all(isinstance(item, str) for item in value):
        texts = sorted(map(shared, wanted))
        # a short tuple is as fast as a set and takes a third of its memory
        constant = tuple(texts) if len(texts) <= FEW else frozenset(texts)
        return Code("{x} in {0}", (constant,), guard=IS_TEXT)
    return Code("comparable({read}) in {0}", (wanted,))


def overlaps(actual: Any, wanted: frozenset[Any], fold: bool = False) -> bool:
    """Whether a list attribute holds one of the wanted comparables."""
    return isinstance(actual, LISTS) and not wanted.isdisjoint(comparables(actual, fold))


def covers(actual: Any, wanted: frozenset[Any], fold: bool = False) -> bool:
    """Whether a list attribute holds all the wanted comparables."""
    return isinstance(actual, LISTS) and wanted <= comparables(actual, fold)


def _any_of(actual: Any, value: Any, ignore_case: bool, _now: float) -> bool:
    return overlaps(actual, comparables(value, ignore_case), ignore_case)


def _any_of_code(value: Any, ignore_case: bool) -> Code:
    return Code("overlaps({read}, {0}, {1})", (comparables(value, ignore_case), ignore_case))


def _all_of(actual: Any, value: Any, ignore_case: bool, _now: float) -> bool:
    return covers(actual, comparables(value, ignore_case), ignore_case)


def _all_of_code(value: Any, ignore_case: bool) -> Code:
    return Code("covers({read}, {0}, {1})", (comparables(value, ignore_case), ignore_case))


_SCALARS = "a non-empty list of scalars"

OPERATORS = (
    Operator(
        name="equals",
        meaning="The attribute is the value.",
        attribute="scalar",
        operand="text, a number or a boolean",
        check=_check_scalar,
        test=_equals,
        code=_equals_code,
        negation="not_equals",
        folds=True,
    ),
    Operator(
        name="in",
        meaning="The attribute is one of the values.",
        attribute="scalar",
        operand=_SCALARS,
        check=_check_list,
        test=_in,
        code=_in_code,
        negation="not_in",
        folds=True,
    ),
    Operator(
        name="any_of",
        meaning="The list attribute holds at least one of the values.",
        attribute="list",
        operand=_SCALARS,
        check=_check_list,
        test=_any_of,
        code=_any_of_code,
        negation="none_of",
        folds=True,
    ),
    Operator(
        name="all_of",
        meaning="The list attribute holds every one of the values.",
        attribute="list",
        operand=_SCALARS,
        check=_check_list,
        test=_all_of,
        code=_all_of_code,
        folds=True,
    ),
)
HELPERS = {"comparable": comparable, "overlaps": overlaps, "covers": covers, "is_number": is_number}
