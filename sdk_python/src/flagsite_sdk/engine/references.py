"""What a flag leans on: the segments and the prerequisite flags that it reaches, and whether they can be used.

Definitions are looked up in mappings; looking up one that cannot be read raises Malformed, one that is not
there raises KeyError. Nothing here recurses, so no chain is too long.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import TypeAlias

from flagsite_sdk.engine.errors import Malformed, Problem, UnknownFlag
from flagsite_sdk.engine.model import Flag, InSegment, Segment, leaves

Flags: TypeAlias = Mapping[str, Flag]
Segments: TypeAlias = Mapping[str, Segment]


def components(roots: Iterable[str], edges: Callable[[str], Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """The strongly connected components that the roots reach, each after all that it leans on.

    Tarjan, "Depth-first search and linear graph algorithms" (1972), with a stack of its own.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for root in roots:
        if root in index:
            continue
        work = [(root, iter(edges(root)))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    path.append(other)
                    on_path.add(other)
                    work.append((other, iter(edges(other))))
                    break
                if other in on_path:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = [path.pop()]
                    while component[-1] != node:
                        component.append(path.pop())
                    on_path.difference_update(component)
                    yield tuple(component)


def named_segments(flag: Flag) -> list[str]:
    """The segments that a flag's rules name."""
    return [leaf.segment for rule in flag.rules for leaf in leaves(rule.condition) if isinstance(leaf, InSegment)]


def nested_segments(segment: Segment) -> list[str]:
    """The segments that a segment's condition names."""
    if segment.condition is None:
        return []
    return [leaf.segment for leaf in leaves(segment.condition) if isinstance(leaf, InSegment)]


def segments_first(flag: Flag, segments: Segments) -> tuple[list[str], list[Problem]]:
    """The segments that a flag reaches, inner ones first, and what makes them unusable."""
    problems: list[Problem] = []

    def edges(key: str) -> list[str]:
        try:
            return nested_segments(segments[key])
        except KeyError:
            problems.append(Problem("rules", f"There is no segment {key!r}."))
        except Malformed as error:
            problems.append(Problem("rules", f"The segment {key!r} is malformed: {error}"))
        return []

    order: list[str] = []
    for component in components(named_segments(flag), edges):
        if len(component) > 1 or component[0] in edges(component[0]):
            problems.append(Problem("rules", f"Segments contain each other: {', '.join(sorted(component))}."))
        order += component
    return order, problems


def prerequisites_first(key: str, flags: Flags, known: Container[str] = ()) -> tuple[list[str], frozenset[str]]:
    """The flag and those that it reaches as prerequisites, inner ones first; and those of them on a cycle.

    What lies behind a `known` flag is not looked at. What cannot be read reaches nothing.
    """

    def edges(name: str) -> list[str]:
        if name in known:
            return []
        try:
            return [prerequisite.flag for prerequisite in flags[name].prerequisites]
        except (KeyError, Malformed):
            return []

    order: list[str] = []
    cyclic: set[str] = set()
    for component in components([key], edges):
        if len(component) > 1 or component[0] in edges(component[0]):
            cyclic.update(component)
        order += component
    return order, frozenset(cyclic)


def usable(key: str, flags: Flags, segments: Segments, cyclic: frozenset[str]) -> Flag:
    """The flag, when it can be decided.

    Raises:
        UnknownFlag: There is none.
        Malformed: It cannot be read, lies on a cycle of prerequisites, or reaches an unusable segment.
    """
    try:
        flag = flags[key]
    except KeyError:
        raise UnknownFlag(key) from None
    _, problems = segments_first(flag, segments)
    if key in cyclic:
        problems.insert(0, Problem("prerequisites", "The flag is, through others, its own prerequisite."))
    if problems:
        raise Malformed(problems)
    return flag
