"""What a change does to contexts: each is decided twice, and the pairs are counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flags.impact.configurations import Configuration
from flags.impact.moves import Kind, Side, kind_of, revalued
from flags.impact.result import Transition

MAX_DECISIONS: Final = 1_000_000
"""Contexts times affected flags; of a change that reaches more flags, fewer contexts are looked at."""
EXAMPLES: Final = 5
"""Ids that are named of a transition."""

_ORDER: Final = (Kind.LOSE, Kind.SWITCH, Kind.GAIN, Kind.STAY)


def transitions_of(
    key: str,
    old: Configuration,
    new: Configuration,
    contexts: Sequence[Mapping[str, Any]],
    *,
    now: float,
    touched: set[int],
    losing: set[int],
) -> tuple[Transition, ...]:
    """Return how many contexts go from which variation to which, who loses first and who stays last.

    Adds the places of the contexts for which something changes to `touched`, of those that lose to `losing`.
    """
    pairs = list(zip(old.served(key, contexts, now=now), new.served(key, contexts, now=now), strict=True))
    before, after = old.flag(key), new.flag(key)
    sides = Side(before.off_variation if before else None), Side(after.off_variation if after else None)
    values = revalued(before, after)
    counts = Counter(pairs)
    kinds = {pair: kind_of(*pair, *sides, values) for pair in counts}
    examples: dict[tuple[str | None, str | None], list[str]] = {pair: [] for pair in counts}
    for place, pair in enumerate(pairs):
        if kinds[pair] is not Kind.STAY:
            touched.add(place)
        if kinds[pair] is Kind.LOSE:
            losing.add(place)
        if len(examples[pair]) < EXAMPLES:
            examples[pair].append(str(contexts[place].get("id", "")))
    found = [Transition(*pair, kinds[pair], count, tuple(examples[pair])) for pair, count in counts.items()]
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.kind), -one.count, str(one.before), str(one.after))))
