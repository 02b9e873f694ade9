"""Why no value can satisfy some statements about one attribute: proofs, by the type that the value could have.

A statement that holds says which types the value may have at all (`KINDS`). When every type that is left is proved
impossible by itself, nothing is left. Only what is proved is said; None means that nothing is known. No proof looks at
a clock: what is relative to the moment takes part by its type only.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from flagsite_sdk.engine.operators import OPERATORS
from flagsite_sdk.engine.operators.operator import is_number, items

from flags.reading import lists, ranges, texts
from flags.reading.literals import Bucketable, Compared, Listed, Literal

KINDS: Final = frozenset({"text", "number", "boolean", "list", "moment", "other"})
"""What a present attribute can be; a moment is a `datetime` with a zone, other is a mapping and the like."""

_BY_ATTRIBUTE: Final[Mapping[str, frozenset[str]]] = {
    "any": KINDS,
    "text": frozenset({"text"}),
    "IP address": frozenset({"text"}),
    "version": frozenset({"text"}),
    "number": frozenset({"number"}),
    "list": frozenset({"list"}),
    "time": frozenset({"text", "number", "moment"}),
}
"""What an operator's attribute (the engine's word) can be."""


def why_empty(attribute: str, literals: Collection[Literal]) -> str | None:
    """Return why the attribute can have no value for all the literals together, as part of a sentence; or None.

    Names no more of them than are needed: those without which nothing could be proved.
    """
    if _reason(attribute, literals) is None:
        return None
    needed = sorted(literals, key=str)
    for literal in tuple(needed):
        fewer = [one for one in needed if one is not literal]
        if fewer and _reason(attribute, fewer) is not None:
            needed = fewer
    words = " and ".join(str(literal) for literal in needed)
    return f"“{words}” can never hold: {_reason(attribute, needed)}"


def _reason(attribute: str, literals: Collection[Literal]) -> str | None:
    held = [literal for literal in literals if literal.holds]
    denied = {literal.subject for literal in literals if not literal.holds}
    if any(literal.subject in denied for literal in held):
        return "one is true exactly when the other is false"
    if not held and attribute != "id":
        return None  # a missing attribute makes everything false
    if any(isinstance(one, Compared) and one.operator == "exists" and not one.holds for one in literals):
        return "an id is always there" if attribute == "id" else "what is not there compares with nothing"
    kinds = frozenset({"text"}) if attribute == "id" else KINDS
    for literal in held:
        kinds &= _kinds(literal)
    if not kinds:
        return "an id is text" if attribute == "id" and len(held) == 1 else "no value is of both types"
    reasons = [_PROOFS[kind](literals) for kind in sorted(kinds)]
    found = [reason for reason in reasons if reason is not None]
    return " and ".join(dict.fromkeys(found)) if len(found) == len(reasons) else None


def _kinds(literal: Literal) -> frozenset[str]:
    """What the attribute can be when the literal holds."""
    if isinstance(literal, Listed):
        return frozenset({"text"})
    if isinstance(literal, Bucketable):
        return frozenset({"text", "number"})
    understood = OPERATORS[literal.operator].attribute
    if understood == "scalar":
        return frozenset(map(_kind, items(literal.value)))
    return _BY_ATTRIBUTE.get(understood, KINDS)


def _kind(scalar: Any) -> str:
    return "text" if isinstance(scalar, str) else "number" if is_number(scalar) else "boolean"


def _boolean(literals: Collection[Literal]) -> str | None:
    timeless = [literal for literal in literals if not ranges.is_relative(literal)]
    if any(all(literal.admits(value, 0.0) for literal in timeless) for value in (True, False)):
        return None
    return "neither true nor false fits"


def _other(_literals: Collection[Literal]) -> str | None:
    return None  # there is always a mapping, of which nothing is true but that it exists


_PROOFS: Final[Mapping[str, Callable[[Collection[Literal]], str | None]]] = {
    "text": texts.why_no_text,
    "number": ranges.why_no_number,
    "boolean": _boolean,
    "list": lists.why_no_list,
    "moment": ranges.why_no_moment,
    "other": _other,
}
