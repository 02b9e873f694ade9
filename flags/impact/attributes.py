"""Which attributes of a context a flag looks at, in its conditions, its segments and its buckets."""

from collections.abc import Iterator

from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.model import BUCKETS, Comparison, Flag, Serve, leaves
from flagsite_sdk.engine.references import Segments, prerequisites_first, segments_first

from flags.impact.configurations import Configuration


def attributes_of(key: str, *sides: Configuration) -> frozenset[str]:
    """Return the attributes that the flag and its prerequisites look at in either configuration, without the `id`."""
    found: set[str] = set()
    for side in sides:
        flags = side.definitions.flags()
        for name in prerequisites_first(key, flags)[0]:
            try:
                found.update(_looked_at(flags[name], side.definitions.segments))
            except (KeyError, Malformed):
                continue
    return frozenset(found - {"id"})


def _looked_at(flag: Flag, segments: Segments) -> Iterator[str]:
    conditions = [rule.condition for rule in flag.rules]
    for name in segments_first(flag, segments)[0]:
        try:
            condition = segments[name].condition
        except (KeyError, Malformed):
            continue
        if condition is not None:
            conditions.append(condition)
    for condition in conditions:
        yield from (leaf.attribute for leaf in leaves(condition) if isinstance(leaf, Comparison))
    stages = [(rule.rollout, rule.serve) for rule in flag.rules] + [(flag.rollout, flag.fallthrough)]
    yield from (serve.bucket_by for rollout, serve in stages if asks_for_a_bucket(rollout, serve))


def asks_for_a_bucket(rollout: int, serve: Serve) -> bool:
    """Tell whether a stage looks at what it buckets by at all."""
    return serve.split or 0 < rollout < BUCKETS
