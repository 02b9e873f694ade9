"""What a change does before it is published: to contexts, and to the bucket space. Pure.

The decisions are the engine's own: the configuration is held twice, as it is and as it would be, and every context is
decided in both. Only flags that the change can reach are looked at. Where contexts come from is not known here.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from flags.impact.affected import affected_flags
from flags.impact.attributes import attributes_of
from flags.impact.buckets import StageMoves, stage_moves
from flags.impact.certainty import only_buckets_change, only_stages_change
from flags.impact.configurations import Configuration, Documents, both
from flags.impact.contexts import MAX_DECISIONS, transitions_of
from flags.impact.moves import Kind, Moves
from flags.impact.result import Cause, FlagImpact, Impact, Transition, Why


def impact_of(
    before: bytes,
    *,
    contexts: Sequence[Mapping[str, Any]],
    now: float,
    flags: Documents | None = None,
    segments: Documents | None = None,
) -> Impact:
    """Return what a change does.

    Args:
        before: The environment's configuration, as `Snapshot.to_json` has it.
        contexts: Who was seen, the most interesting first: of a change that reaches very many flags, only as many of
            them are looked at as `MAX_DECISIONS` allows.
        now: The moment for which to decide, in seconds since 1970.
        flags: The flags that change: the whole new document, None for what goes.
        segments: The segments that change, likewise.
    """
    flags, segments = flags or {}, segments or {}
    old, new = both(before, flags=flags, segments=segments, now=now)
    causes = affected_flags(old, new, flags=flags, segments=segments)
    looked_at = contexts[: MAX_DECISIONS // max(1, len(causes))]
    touched: set[int] = set()
    losing: set[int] = set()
    found = []
    for key, cause in causes.items():
        transitions = transitions_of(key, old, new, looked_at, now=now, touched=touched, losing=losing)
        impact = FlagImpact(key, cause, transitions, attributes=attributes_of(key, old, new))
        if cause.why is Why.CHANGED:
            impact = replace(impact, **_in_buckets(key, old, new, others=causes.keys() - {key}, now=now))
        found.append(impact)
    return Impact(flags=tuple(found), contexts=len(looked_at), touched=len(touched), losing=len(losing))


def _in_buckets(key: str, old: Configuration, new: Configuration, *, others: AbstractSet[str], now: float) -> Any:
    """Return what the bucket space says of a flag that changes, and how far it may be trusted."""
    before, after = old.usable(key), new.usable(key)
    first, then = old.audiences(before), new.audiences(after)
    shared = all(first[name] == then[name] for name in first.keys() & then.keys())
    segments = old.definitions.segments, new.definitions.segments
    alone = shared and not (others & {*old.prerequisites(key), *new.prerequisites(key)})
    return {
        "stages": stage_moves(before, after, segments=segments, shared=shared, now=now),
        "speaks_for_everybody": alone and only_stages_change(before, after),
        "is_of_buckets": alone and only_buckets_change(before, after),
    }


__all__ = [
    "Cause",
    "Documents",
    "FlagImpact",
    "Impact",
    "Kind",
    "Moves",
    "StageMoves",
    "Transition",
    "Why",
    "impact_of",
]
