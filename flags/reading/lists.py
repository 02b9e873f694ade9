"""Proofs about list attributes: what must be in them, what must not, and what is left to choose."""

from collections.abc import Collection
from typing import Any

from flagsite_sdk.engine.operators.scalars import comparable

from flags.reading.literals import Compared, Literal


def why_no_list(literals: Collection[Literal]) -> str | None:
    """Return why no list satisfies all of them."""
    some = [one for one in literals if isinstance(one, Compared)]
    needed = [(item, one) for one in some if one.holds and one.operator == "all_of" for item in one.value]
    barred = [one for one in some if not one.holds and _bars_each(one)]
    if any(_is_barred(item, one, barred) for item, one in needed):
        return "what has to be in the list must not be in it"
    for one in some:
        if one.holds and one.operator == "any_of" and all(_is_barred(item, one, barred) for item in one.value):
            return "all that could be in the list must not be in it"
        if not one.holds and one.operator == "all_of" and all(_is_needed(item, one, needed) for item in one.value):
            return "all that must not be in the list together has to be in it"
    return None


def _bars_each(literal: Compared) -> bool:
    """Whether a literal that does not hold keeps each of its values out of the list by itself."""
    return literal.operator == "any_of" or (literal.operator == "all_of" and len(literal.value) == 1)


def _is_barred(item: Any, wanted: Compared, barred: Collection[Compared]) -> bool:
    """Whether a list with the item, in whatever case it is wanted, has something that it must not have."""
    return any(not one.admits([item], 0.0) for one in barred if one.ignore_case or _is_exact(item, wanted))


def _is_needed(item: Any, denied: Compared, needed: Collection[tuple[Any, Compared]]) -> bool:
    """Whether what is needed has the item in it, as the literal that does not hold compares."""
    fold = denied.ignore_case
    return any(
        comparable(other, fold) == comparable(item, fold) for other, one in needed if fold or _is_exact(other, one)
    )


def _is_exact(item: Any, literal: Compared) -> bool:
    return not (literal.ignore_case and isinstance(item, str))
