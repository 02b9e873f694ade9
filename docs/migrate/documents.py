"""Parts of flags and segments as Flagsite's REST API takes them: conditions, serves, targets. Knows no product."""

from collections.abc import Iterable, Sequence
from typing import Any

Document = dict[str, Any]

EVERYONE: Document = {"everyone": True}


def targets_of(chosen: Iterable[tuple[str, Sequence[str]]]) -> list[Document]:
    """Return targets from pairs of a variation and ids, each variation once."""
    ids: dict[str, list[str]] = {}
    for variation, named in chosen:
        ids.setdefault(variation, []).extend(named)
    return [{"variation": variation, "ids": found} for variation, found in ids.items()]


def all_of(conditions: Sequence[Document]) -> Document:
    """Return the condition that all of them hold; everyone when there are none."""
    return joined("all", conditions)


def any_of(conditions: Sequence[Document]) -> Document:
    """Return the condition that one of them holds."""
    return joined("any", conditions)


def joined(how: str, conditions: Sequence[Document]) -> Document:
    """Return conditions joined by all or any; one alone stays as it is."""
    if not conditions:
        return EVERYONE
    return conditions[0] if len(conditions) == 1 else {how: list(conditions)}


def negated(condition: Document) -> Document:
    """Return the condition that this one does not hold."""
    return {"not": condition}


def compared(attribute: str, operator: str, value: Any = None, *, ignore_case: bool = False) -> Document:
    """Return a comparison."""
    found: Document = {"attribute": attribute, "operator": operator}
    if operator not in {"exists", "not_exists"}:
        found["value"] = value
    return {**found, "ignore_case": True} if ignore_case else found


def divided(weights: Iterable[tuple[str, float]], bucket_by: str = "id") -> Document:
    """Return the serve that divides contexts by weights, which add up to 100; the last one takes what is rounded.

    A variation may come more than once.
    """
    shares: dict[str, float] = {}
    for variation, weight in weights:
        shares[variation] = shares.get(variation, 0) + weight
    rounded = [(variation, round(weight, 3)) for variation, weight in shares.items() if weight > 0]
    serve: Document = {"variation": rounded[0][0]}
    if len(rounded) > 1:
        rest = round(100 - sum(weight for _, weight in rounded[:-1]), 3)
        rounded[-1] = (rounded[-1][0], rest)
        serve = {"split": [{"variation": variation, "weight": weight} for variation, weight in rounded]}
    return serve if bucket_by == "id" else {**serve, "bucket_by": bucket_by}
