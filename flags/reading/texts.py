"""Proofs about texts: finite choices, spellings, beginnings, parts and ends."""

from collections.abc import Callable, Collection, Iterator
from itertools import combinations, product
from typing import Final

from flagsite_sdk.engine.operators.operator import items

from flags.reading.literals import Compared, Listed, Literal
from flags.reading.ranges import is_relative, why_no_address, why_no_time_text, why_no_version

MAX_TRIED: Final = 2_000
"""Texts that are tried one by one where only these can be meant; of more nothing is proved."""
MAX_PAIRS: Final = 400
"""Pairs of beginnings, parts or ends that are compared."""

_EDGES: Final = ("starts_with", "ends_with")
_PARTS: Final = (*_EDGES, "contains")
_IMPLIED: Final[dict[tuple[str, str], Callable[[str, str], bool]]] = {
    ("starts_with", "starts_with"): str.startswith,
    ("ends_with", "ends_with"): str.endswith,
    **{(way, "contains"): str.__contains__ for way in _PARTS},
}
"""When a text that has the first with one part has the second with another: (part, other part)."""


def why_no_text(literals: Collection[Literal]) -> str | None:
    """Return why no text satisfies all of them."""
    proofs = (_finite, _folded, why_no_time_text, why_no_version, why_no_address, _implied, _different_edges)
    return next((reason for proof in proofs if (reason := proof(literals)) is not None), None)


def _finite(literals: Collection[Literal]) -> str | None:
    """Try them all, where one says which texts can be meant."""
    choices = [literal.ids for literal in literals if isinstance(literal, Listed) and literal.holds]
    choices += [
        frozenset(value for value in items(one.value) if isinstance(value, str))
        for one in _equalities(literals)
        if not one.ignore_case
    ]
    if not choices:
        return None
    left = min(choices, key=len).intersection(*choices)
    left = left.difference(*(one.ids for one in literals if isinstance(one, Listed) and not one.holds))
    others = [one for one in literals if not isinstance(one, Listed) and not is_relative(one)]
    if len(left) > MAX_TRIED or any(all(one.admits(text, 0.0) for one in others) for text in left):
        return None
    return "none of the texts that are asked for fits"


def _folded(literals: Collection[Literal]) -> str | None:
    """Try them all without regard to case, where all that is asked for is; a text's folded form decides such a one."""
    folding = [one for one in literals if isinstance(one, Compared) and one.ignore_case and one.operator != "regex"]
    choices = [
        frozenset(value.casefold() for value in items(one.value) if isinstance(value, str))
        for one in _equalities(folding)
    ]
    if not choices:
        return None
    left = min(choices, key=len).intersection(*choices)
    if len(left) > MAX_TRIED or any(all(one.admits(text, 0.0) for one in folding) for text in left):
        return None
    return "none of the texts that are asked for fits, in any case"


def _implied(literals: Collection[Literal]) -> str | None:
    """Find a part that must be there and brings another along that must not."""
    held, denied = _parts(literals, holds=True), _parts(literals, holds=False)
    for one, other in product(held, denied):
        implied = _IMPLIED.get((one.operator, other.operator))
        if implied is None or (one.ignore_case and not other.ignore_case):
            continue
        pairs = _spelled(one, fold=other.ignore_case), _spelled(other, fold=other.ignore_case)
        if len(pairs[0]) * len(pairs[1]) > MAX_PAIRS:
            continue
        if all(any(implied(part, unwanted) for unwanted in pairs[1]) for part in pairs[0]):
            return "the one brings the other along"
    return None


def _different_edges(literals: Collection[Literal]) -> str | None:
    """Find two beginnings, or two ends, that no text can have together."""
    for one, other in combinations(_parts(literals, holds=True), 2):
        if one.operator != other.operator or one.operator not in _EDGES:
            continue
        fold = one.ignore_case or other.ignore_case
        some, others = _spelled(one, fold=fold), _spelled(other, fold=fold)
        fits = str.startswith if one.operator == "starts_with" else str.endswith
        if len(some) * len(others) > MAX_PAIRS:
            continue
        if not any(fits(part, another) or fits(another, part) for part, another in product(some, others)):
            return "no text has both"
    return None


def _equalities(literals: Collection[Literal]) -> Iterator[Compared]:
    for literal in literals:
        if isinstance(literal, Compared) and literal.holds and literal.operator in {"equals", "in"}:
            yield literal


def _parts(literals: Collection[Literal], *, holds: bool) -> list[Compared]:
    return [one for one in literals if isinstance(one, Compared) and one.holds is holds and one.operator in _PARTS]


def _spelled(literal: Compared, *, fold: bool) -> list[str]:
    return [text.casefold() if fold else text for text in items(literal.value)]
