"""What flags lean on: the segments that their rules name and the flags that they require, and what those lean on."""

from collections.abc import Iterable
from typing import Any

from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.references import named_segments, nested_segments
from flagsite_sdk.engine.wire import read_flag, read_segment

from accounts.models import Environment
from flags.models import Prerequisite, RevisionItem, SegmentUse
from segments.models import SegmentUse as NestedUse

_Kind = RevisionItem.Kind
Node = tuple[RevisionItem.Kind, str]
"""A flag or a segment, by its key."""


def names_in(kind: RevisionItem.Kind, key: str, document: dict[str, Any]) -> list[Node]:
    """Return what the document of a flag or segment names."""
    try:
        if kind is _Kind.SEGMENT:
            return [(_Kind.SEGMENT, name) for name in nested_segments(read_segment(key, document))]
        definition = read_flag(key, document)
    except Malformed:
        return []  # written by an older Flagsite: whoever looks at it will say what is wrong with it
    needed = [(_Kind.FLAG, entry.flag) for entry in definition.prerequisites]
    return needed + [(_Kind.SEGMENT, name) for name in named_segments(definition)]


def leant_on(environment: Environment, nodes: Iterable[Node]) -> set[Node]:
    """Return these and all that they lean on in the environment now, in three queries for each step down."""
    found = waiting = set(nodes)
    while waiting:
        flags = {key for kind, key in waiting if kind is _Kind.FLAG}
        segments = {key for kind, key in waiting if kind is _Kind.SEGMENT}
        waiting = _needed(environment, flags, segments) - found
        found = found | waiting
    return found


def _needed(environment: Environment, flags: set[str], segments: set[str]) -> set[Node]:
    of_flags = {"state__environment": environment, "state__flag__key__in": flags}
    nested = NestedUse.objects.filter(user__project=environment.project_id, user__key__in=segments)
    required = Prerequisite.objects.filter(**of_flags).order_by().values_list("flag__key", flat=True)
    named = SegmentUse.objects.filter(**of_flags).values_list("segment__key", flat=True)
    inside = nested.values_list("used__key", flat=True)
    return {(_Kind.FLAG, key) for key in required} | {(_Kind.SEGMENT, key) for each in (named, inside) for key in each}
