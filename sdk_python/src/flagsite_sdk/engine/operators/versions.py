"""Versions: semver_eq, semver_gt, semver_gte, semver_lt, semver_lte.

Precedence is that of Semantic Versioning 2.0.0 (§11): build metadata does not count, a pre-release comes
before its release. One or two numeric parts are accepted, missing ones are 0; a leading "v" is not.
"""

import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from flagsite_sdk.engine.operators.numbers import COMPARISONS
from flagsite_sdk.engine.operators.operator import Code, Fault, Operator

LONGEST = 128
"""Longer text is no version (and is not kept in the cache)."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PART = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?"
    rf"(?:-({_PART}(?:\.{_PART})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
)

Precedence = tuple[int, int, int, tuple[tuple[int, int, str], ...]]
_RELEASE = ((2, 0, ""),)  # comes after every pre-release


@lru_cache(maxsize=4096)
def _parse(text: str) -> Precedence | None:
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, before = found.groups()
    parts = _RELEASE if before is None else tuple(map(_identifier, before.split(".")))
    return int(major), int(minor or 0), int(patch or 0), parts


def _identifier(text: str) -> tuple[int, int, str]:
    # §11.4.3: numeric identifiers compare as numbers and come before those with letters
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)


def precedence(text: Any) -> Precedence | None:
    """A version as something that orders by precedence, None when it is not a version."""
    return _parse(text) if isinstance(text, str) and len(text) <= LONGEST else None


_WAYS: dict[str, tuple[str, Callable[[Any, Any], bool], str]] = {
    "eq": ("==", operator.eq, "equal to"),
    **COMPARISONS,
}


def _check(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    if precedence(value) is None:
        yield "", "Must be a semantic version such as 1.4.0-beta.2."


def _test(actual: Any, value: Any, _ignore_case: bool, _now: float, *, way: str) -> bool:
    ours = precedence(actual)
    return ours is not None and _WAYS[way][1](ours, precedence(value))


_DERIVED = f"parse_version({{x}}) if isinstance({{read}}, str) and len({{x}}) <= {LONGEST} else None"


def _code(value: Any, _ignore_case: bool, *, way: str) -> Code:
    template = f"{{read}} is not None and {{x}} {_WAYS[way][0]} {{0}}"
    return Code(template, (precedence(value),), _DERIVED)


OPERATORS = tuple(
    Operator(
        name=f"semver_{name}",
        meaning=f"The attribute is a version {words} the value, by precedence.",
        attribute="version",
        operand="a semantic version",
        check=_check,
        test=partial(_test, way=name),
        code=partial(_code, way=name),
    )
    for name, (_, _, words) in _WAYS.items()
)
HELPERS = {"parse_version": _parse}
