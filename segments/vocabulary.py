"""What the condition builder of the admin knows of operators: read from the engine's own table, in words, as JSON.

Pure. Which values an operator takes is found by asking its check, so that an operator which is new in the engine has
its inputs in the builder without a word here. How the inputs look is decided by the page's scripts.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from flagsite_sdk.engine.operators import OPERATORS, Operator

from segments.wording import OPERATORS as WORDS

SAMPLES: Final[Mapping[str, tuple[Any, ...]]] = {
    "text": ("a b",),
    "number": (1.5,),
    "boolean": (True,),
    "time": ("2026-11-22T10:00:00Z",),
    "duration": ("30d",),
    "version": ("1.4.0-beta.2",),
    "address": ("192.0.2.0/24",),
}
"""A value of each kind; an operator that takes any text takes them all, and is then said to take text."""
UNITS: Final = ("day", "week", "month", "year")
KINDS: Final = ("text", "number", "boolean", "list", "time", "version", "address")
"""What an attribute can be."""
FITS: Final[Mapping[str, tuple[str, ...]]] = {
    "any": KINDS,
    "scalar": ("text", "number", "boolean", "version", "address"),
    "text": ("text",),
    "number": ("number",),
    "time": ("time",),
    "version": ("version",),
    "IP address": ("address",),
    "list": ("list",),
}
"""By the attributes that an operator understands (the engine's word for them), the kinds that it is offered for."""


@cache
def operators() -> tuple[Mapping[str, Any], ...]:
    """Return every operator, each followed by its negation."""
    return tuple(entry for operator in OPERATORS.values() for entry in _entries(operator))


def kind_of(value: Any) -> str:
    """Return what a value is: boolean, number or text."""
    return "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


def _entries(operator: Operator) -> Iterator[dict[str, Any]]:
    pair = (operator.name, operator.negation)
    for name, opposite in (pair, pair[::-1]):
        if name is None:
            continue
        one, many = WORDS.get(name, (name, name))
        yield {
            "name": name,
            "opposite": opposite,
            "words": one,
            "words_many": many,
            "meaning": operator.meaning,
            "fits": list(FITS.get(operator.attribute, KINDS)),
            "one": [kind for kind in SAMPLES if _takes(operator, kind, listed=False)],
            "many": [kind for kind in SAMPLES if _takes(operator, kind, listed=True)],
            "choices": [unit for unit in UNITS if _accepts(operator, unit) and not _accepts(operator, "a b")],
            "folds": operator.folds,
        }


def _takes(operator: Operator, kind: str, *, listed: bool) -> bool:
    if kind not in {"text", "number", "boolean"} and _accepts(operator, _shaped(SAMPLES["text"], listed=listed)):
        return False  # as text, already
    return _accepts(operator, _shaped(SAMPLES[kind], listed=listed))


def _shaped(sample: tuple[Any, ...], *, listed: bool) -> Any:
    return sample if listed else sample[0]


def _accepts(operator: Operator, value: Any) -> bool:
    return operator.check is not None and not list(operator.check(value, False))
