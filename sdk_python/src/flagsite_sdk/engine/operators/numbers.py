"""Numbers: gt, gte, lt, lte. Integers and floats compare by value, exactly; NaN compares false."""

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from flagsite_sdk.engine.operators.operator import IS_NUMBER, Code, Fault, Operator, is_finite, is_number

COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool], str]] = {
    "gt": (">", operator.gt, "greater than"),
    "gte": (">=", operator.ge, "greater than or equal to"),
    "lt": ("<", operator.lt, "less than"),
    "lte": ("<=", operator.le, "less than or equal to"),
}


def _check(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    if not is_number(value) or not is_finite(value):
        yield "", "Must be a number."


def _test(actual: Any, value: Any, _ignore_case: bool, _now: float, *, way: str) -> bool:
    return is_number(actual) and COMPARISONS[way][1](actual, value)


def _code(value: Any, _ignore_case: bool, *, way: str) -> Code:
    sign = COMPARISONS[way][0]
    return Code(f"{{x}} {sign} {{0}}", (value,), guard=IS_NUMBER)


OPERATORS = tuple(
    Operator(
        name=name,
        meaning=f"The attribute is {words} the value.",
        attribute="number",
        operand="a number",
        check=_check,
        test=partial(_test, way=name),
        code=partial(_code, way=name),
    )
    for name, (_, _, words) in COMPARISONS.items()
)
