"""What an operator is: the shape that every entry of the table has."""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

Fault = tuple[str, str]
"""Where in the value ("" or "[2]"), and what is wrong, as a sentence."""

NOW = "now"
"""How generated code names the moment of the evaluation."""


class Code(NamedTuple):
    """A comparison as Python source.

    `template` holds `{read}` where the attribute is read (exactly once, and first), `{x}` wherever it is used
    again, and `{0}`, `{1}` … for the constants. With `derive`, what is read is not the attribute but what that
    expression (with `{read}` and `{x}` likewise) makes of it, once for all comparisons that derive the same.
    With `guard`, the comparison is that expression (which reads) *and* the template (which only uses `{x}`);
    comparisons of one attribute that share a guard ask it once. All of it may be negated.
    Sources are written in this package and hold nothing from a definition: whatever a user wrote travels as a
    constant.
    """

    template: str
    constants: tuple[Any, ...] = ()
    derive: str | None = None
    guard: str | None = None
    negated: bool = False


IS_TEXT = "isinstance({read}, str)"
IS_NUMBER = "(type({read}) is int or type({x}) is float or is_number({x}))"
"""Guards of the attribute's type."""


class Operator(msgspec.Struct, frozen=True):
    """One entry of the table.

    Attributes:
        name: As it is written in a condition.
        meaning: A sentence for the reference.
        attribute: The attributes that it understands; any other is wrong-typed: the comparison is false.
        operand: The values that it takes, in words.
        check: The faults of a value (as read from JSON; lists are tuples) with `ignore_case`; None when the
            operator takes no value.
        test: Whether an attribute that is present compares true: (attribute, value, ignore_case, now).
        code: The same for one value and `ignore_case`, as source.
        negation: The name of the operator that is true exactly when this one is false.
        folds: Whether `ignore_case` means something.
        relative: Whether it looks at the moment of the evaluation.
    """

    name: str
    meaning: str
    attribute: str
    operand: str
    check: Callable[[Any, bool], Iterator[Fault]] | None
    test: Callable[[Any, Any, bool, float], bool]
    code: Callable[[Any, bool], Code]
    negation: str | None = None
    folds: bool = False
    relative: bool = False


@lru_cache(maxsize=4_096)
def shared(text: str) -> str:
    """The same text, from an earlier call if there was one: the same values come back in thousands of flags."""
    return text


def items(value: Any) -> tuple[Any, ...]:
    """The value as a list: itself when it is one."""
    return value if isinstance(value, tuple) else (value,)


def is_number(value: Any) -> bool:
    """Whether it is a number. A boolean is none."""
    return isinstance(value, int | float) and value is not True and value is not False


def is_finite(number: float) -> bool:
    """Whether a float can hold it: neither NaN nor infinite, nor an integer of hundreds of digits."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def each(value: Any, faults: Callable[[Any], str | None]) -> Iterator[Fault]:
    """The faults of a value that is one item or a list of them."""
    if not isinstance(value, tuple):
        fault = faults(value)
        if fault:
            yield "", fault
        return
    if not value:
        yield "", "The list must not be empty."
    for index, item in enumerate(value):
        fault = faults(item)
        if fault:
            yield f"[{index}]", fault
