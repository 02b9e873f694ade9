"""Presence: exists. A null attribute is missing; an empty text, list or mapping is there."""

from typing import Any

from flagsite_sdk.engine.operators.operator import Code, Operator


def _test(_actual: Any, _value: Any, _ignore_case: bool, _now: float) -> bool:
    return True


def _code(_value: Any, _ignore_case: bool) -> Code:
    return Code("{read} is not None")


OPERATORS = (
    Operator(
        name="exists",
        meaning="The attribute is there and not null.",
        attribute="any",
        operand="nothing",
        check=None,
        test=_test,
        code=_code,
        negation="not_exists",
    ),
)
