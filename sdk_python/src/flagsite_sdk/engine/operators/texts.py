"""Text: contains, starts_with, ends_with, regex.

`ignore_case` folds both sides (`str.casefold`, the Unicode standard's caseless matching); a regular
expression is made case-insensitive by RE2 itself, which runs in time linear in the text.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import re2  # type: ignore[import-untyped]  # it has no stubs

from flagsite_sdk.engine.operators.operator import IS_TEXT, Code, Fault, Operator, each, items


def _fault(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Must be text."
    return None if value else "Must not be empty."


def _check(value: Any, _ignore_case: bool) -> Iterator[Fault]:
    yield from each(value, _fault)


def _folded(value: Any, ignore_case: bool) -> tuple[str, ...]:
    return tuple(text.casefold() if ignore_case else text for text in items(value))


def contains_any(text: str, parts: tuple[str, ...]) -> bool:
    """Whether one of the parts is in the text."""
    return any(part in text for part in parts)


_WAYS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "contains": contains_any,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_SOURCES = {
    "contains": "contains_any({x}, {0})",
    "starts_with": "{x}.startswith({0})",
    "ends_with": "{x}.endswith({0})",
}


def _test(actual: Any, value: Any, ignore_case: bool, _now: float, *, way: str) -> bool:
    if not isinstance(actual, str):
        return False
    return _WAYS[way](actual.casefold() if ignore_case else actual, _folded(value, ignore_case))


def _code(value: Any, ignore_case: bool, *, way: str) -> Code:
    parts = _folded(value, ignore_case)
    source = _SOURCES[way]
    constant: Any = parts
    if len(parts) == 1:
        constant = parts[0]
        source = "{0} in {x}" if way == "contains" else source
    if ignore_case:
        source = source.replace("{x}", "{x}.casefold()")
    return Code(source, (constant,), guard=IS_TEXT)


def _options(ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.never_capture = True
    return options


def _check_regex(value: Any, ignore_case: bool) -> Iterator[Fault]:
    fault = _fault(value)
    if fault:
        yield "", fault
        return
    try:
        re2.compile(value, _options(ignore_case))
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        yield (
            "",
            f"Not a regular expression of RE2: {reason.decode() if isinstance(reason, bytes) else error}.",
        )


def searcher(pattern: str, ignore_case: bool) -> Callable[[bytes], object]:
    """A function that says (by truth) whether a regular expression is found in UTF-8 bytes.

    A set of one expression answers in a fifth of the time of `re2.search`, which builds match objects. It has less
    memory for its program, so that an expression of almost the largest size does not go into one.
    """
    options = _options(ignore_case)
    expressions = re2.Set.SearchSet(options)
    expressions.Add(pattern)
    found: Callable[[bytes], object]
    try:
        expressions.Compile()
    except re2.error:
        found = re2.compile(pattern, options).search
    else:
        # below its Python wrapper, which asks for the text's type again and takes a tenth of the time
        found = getattr(expressions, "_set", expressions).Match
    return found


def _regex(actual: Any, value: Any, ignore_case: bool, _now: float) -> bool:
    if not isinstance(actual, str):
        return False
    return bool(searcher(value, ignore_case)(actual.encode("utf-8", "surrogatepass")))


def _regex_code(value: Any, ignore_case: bool) -> Code:
    # text that is not Unicode reaches RE2 as bytes that no expression matches, instead of raising
    return Code('{0}({x}.encode("utf-8", "surrogatepass"))', (searcher(value, ignore_case),), guard=IS_TEXT)


_TEXTS = "text, or a non-empty list of texts (any of them); none of them empty"


def _operator(name: str, meaning: str) -> Operator:
    return Operator(
        name=name,
        meaning=meaning,
        attribute="text",
        operand=_TEXTS,
        check=_check,
        test=partial(_test, way=name),
        code=partial(_code, way=name),
        negation=f"not_{name}",
        folds=True,
    )


OPERATORS = (
    _operator("contains", "The value is part of the attribute."),
    _operator("starts_with", "The attribute starts with the value."),
    _operator("ends_with", "The attribute ends with the value."),
    Operator(
        name="regex",
        meaning="The regular expression (RE2) is found anywhere in the attribute.",
        attribute="text",
        operand="a regular expression in RE2's syntax, not empty",
        check=_check_regex,
        test=_regex,
        code=_regex_code,
        negation="not_regex",
        folds=True,
    ),
)
HELPERS = {"contains_any": contains_any}
