"""What a change does before it is published: to contexts, and to the bucket space. Pure.

The decisions are the engine's own: the configuration is held twice, as it is and as it would be, and every context is
decided in both. Only flags that the change can reach are looked at. Where contexts come from is not known here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flags.impact.affected import affected_flags
from flags.impact.attributes import attributes_of
from flags.impact.buckets import StageMoves, only_buckets_change, stage_moves
from flags.impact.configurations import Documents, both
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
    found = [
        FlagImpact(
            key=key,
            cause=cause,
            transitions=transitions_of(key, old, new, looked_at, now=now, touched=touched, losing=losing),
            stages=stage_moves(old.flag(key), new.flag(key)) if cause.why is Why.CHANGED else (),
            attributes=attributes_of(key, old, new),
            speaks_for_everybody=only_buckets_change(old.flag(key), new.flag(key)) and cause.why is Why.CHANGED,
        )
        for key, cause in causes.items()
    ]
    return Impact(flags=tuple(found), contexts=len(looked_at), touched=len(touched), losing=len(losing))


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
