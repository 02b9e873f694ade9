"""Finding a way round in a circle."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flagsite.lib.cycles import cycle_through

graphs = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), max_size=3))


def test_no_circle_is_none() -> None:
    assert cycle_through("a", {}) is None
    assert cycle_through("a", {"a": ["b"], "b": ["c", "d"], "d": ["c"]}) is None
    assert cycle_through("a", {"a": ["b"], "b": ["c"], "c": ["b"]}) is None  # a circle, but not through a


def test_a_circle_is_told_from_the_start_to_the_start() -> None:
    assert cycle_through("a", {"a": ["a"]}) == ["a", "a"]
    assert cycle_through("a", {"a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]


def test_a_chain_of_thousands_is_no_trouble() -> None:
    chain = {str(n): [str(n + 1)] for n in range(10_000)}
    assert cycle_through("0", chain) is None
    assert len(cycle_through("0", chain | {"10000": ["0"]}) or []) == 10_002


@given(graphs)
def test_what_is_found_is_a_circle_and_what_is_there_is_found(graph: dict[str, set[str]]) -> None:
    reached, waiting = set[str](), {"a"}
    while waiting:
        following = {node for known in waiting for node in graph.get(known, ())} - reached
        reached |= following
        waiting = following
    found = cycle_through("a", graph)
    assert (found is not None) == ("a" in reached)
    if found:
        assert found[0] == found[-1] == "a"
        assert all(following in graph[node] for node, following in pairwise(found))
