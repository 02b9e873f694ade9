"""Which flags a change reaches: the changed ones, and all that lean on them or on a changed segment.

Documents are read for their references only, so that an environment of thousands of flags is searched in
milliseconds. What cannot be read leans on nothing: such a flag decides nothing, before and after.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from flags.impact.configurations import Configuration
from flags.impact.result import Cause, Why

_Node = tuple[Why, str]
"""What is leant on: a segment, or a flag as a prerequisite; and its key."""


class _Prerequisite(msgspec.Struct):
    flag: str


class _Rule(msgspec.Struct):
    condition: Any = msgspec.field(name="if")


class _Flag(msgspec.Struct):
    prerequisites: tuple[_Prerequisite, ...] = ()
    rules: tuple[_Rule, ...] = ()


class _Segment(msgspec.Struct):
    condition: Any = msgspec.field(name="if", default=None)


def affected_flags(
    old: Configuration, new: Configuration, *, flags: Iterable[str], segments: Iterable[str]
) -> dict[str, Cause]:
    """Return the flags that the change of these flags and segments reaches, each with the cause found first."""
    users = _users(old, new, flags=set(flags), segments=set(segments))
    causes = {key: Cause(Why.CHANGED, key) for key in flags}
    waiting = [*((Why.PREREQUISITE, key) for key in flags), *((Why.SEGMENT, key) for key in segments)]
    seen = set(waiting)
    for node in waiting:
        for user in sorted(users.get(node, ())):
            if user[0] is Why.PREREQUISITE:
                causes.setdefault(user[1], Cause(*node))
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return causes


def _users(
    old: Configuration, new: Configuration, *, flags: set[str], segments: set[str]
) -> Mapping[_Node, set[_Node]]:
    """Return who leans on whom, in the old configuration or in the new one."""
    users: dict[_Node, set[_Node]] = {}

    def note(user: _Node, used: Iterable[_Node]) -> None:
        for node in used:
            users.setdefault(node, set()).add(user)

    for key, raw in old.definitions.raw_flags.items():
        note((Why.PREREQUISITE, key), _used_by_flag(raw))
    for key, raw in old.definitions.raw_segments.items():
        note((Why.SEGMENT, key), _used_by_segment(raw))
    for key in flags & new.definitions.raw_flags.keys():
        note((Why.PREREQUISITE, key), _used_by_flag(new.definitions.raw_flags[key]))
    for key in segments & new.definitions.raw_segments.keys():
        note((Why.SEGMENT, key), _used_by_segment(new.definitions.raw_segments[key]))
    return users


def _used_by_flag(raw: msgspec.Raw) -> Iterator[_Node]:
    try:
        flag = msgspec.json.decode(raw, type=_Flag)
    except (msgspec.MsgspecError, RecursionError):
        return
    for prerequisite in flag.prerequisites:
        yield Why.PREREQUISITE, prerequisite.flag
    for rule in flag.rules:
        yield from _segments_in(rule.condition)


def _used_by_segment(raw: msgspec.Raw) -> Iterator[_Node]:
    try:
        segment = msgspec.json.decode(raw, type=_Segment)
    except (msgspec.MsgspecError, RecursionError):
        return
    yield from _segments_in(segment.condition)


def _segments_in(condition: Any) -> Iterator[_Node]:
    waiting = [condition]
    while waiting:
        match waiting.pop():
            case {"segment": str(key)}:
                yield Why.SEGMENT, key
            case {"all": [*parts]} | {"any": [*parts]}:
                waiting += parts
            case {"not": inner}:
                waiting.append(inner)
