"""Finding a way round in a circle. Pure."""

from collections.abc import Iterable, Mapping


def cycle_through(start: str, graph: Mapping[str, Iterable[str]]) -> list[str] | None:
    """Return a path start → … → start along the graph's arrows, or None.

    Walks each arrow once, without recursion.
    """
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        for following in sorted(graph.get(node, ())):
            if following == start:
                path = [start, node]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path[::-1]
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    return None
