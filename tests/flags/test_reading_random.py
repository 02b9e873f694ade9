"""A static reading at random: no proof has a counterexample, every witness is one, and finite sets are decided."""

from itertools import product
from typing import Any

from flagsite_sdk.engine.definitions import Definitions
from flagsite_sdk.engine.evaluate import Asker, evaluate
from flagsite_sdk.engine.model import Comparison, Condition
from flagsite_sdk.engine.wire import read_condition
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flags.reading import Code, findings_in_flag
from flags.reading.emptiness import why_empty
from flags.reading.literals import compared
from flags.reading.logic import Logic, TooMany
from sdk_python.tests.engine.environments import (
    FLAGS,
    NOW,
    NUMBERS,
    SEGMENTS,
    TEXTS,
    TIMES,
    Json,
    compare,
    comparisons,
    conditions,
    contexts,
    environments,
    raws,
)

MOMENTS = [NOW, 0.0, NOW + 40 * 86_400]
VALUES: list[Any] = [
    None,
    *TEXTS,
    *TIMES,
    *NUMBERS,
    True,
    False,
    {},
    [],
    float("nan"),
    float("inf"),
    0.5,
    1.5,
    3,
    -0.5,
    NOW + 1,
    NOW - 86_400,
    "aa",
    "Ab",
    "ba",
    "usa",
    "USA",
    "1.0.1",
    "1.5.0-rc.1",
    "10.200.0.1",
    "2026-11-10T00:00:00Z",
    *([text] for text in TEXTS),
    ["a", "A"],
    ["a", "b", "ab"],
    ["US", "us", "ß", "SS", 1, True],
    TEXTS + NUMBERS,
]
"""What an attribute may be: everything that the conditions name, what lies between, and what is odd."""


def holds(condition: Condition, context: Json, segments: Json | None = None, now: float = NOW) -> bool:
    asker = Asker(context, now)
    definitions = Definitions({}, raws(segments or {}))
    for key in SEGMENTS if segments else ():
        asker.enter(definitions.segments[key])
    return asker.matches(condition)


def on_one_attribute(attribute: str) -> st.SearchStrategy[Json]:
    """Several comparisons of one attribute: that is where contradictions are."""
    one = comparisons().map(lambda found: found | {"attribute": attribute})
    literal = st.one_of(one, one.map(lambda found: {"not": found}))
    return st.lists(literal, min_size=1, max_size=3).map(lambda found: {"all": found})


@settings(max_examples=150)
@given(st.sampled_from(["a", "id"]).flatmap(lambda name: st.tuples(st.just(name), on_one_attribute(name))))
def test_what_is_said_to_match_nobody_is_matched_by_no_value_at_any_moment(drawn: tuple[str, Json]) -> None:
    attribute, document = drawn
    condition = read_condition(document)
    logic = Logic({}, now=NOW)
    ways = logic.ways(condition)
    witness = logic.witness(ways)
    assert ways.ways or witness is None
    if witness is not None:
        assert holds(condition, witness)
    if not ways.ways:
        values = [value for value in VALUES if attribute != "id" or isinstance(value, str)]
        people = [{"id": "u1", attribute: value} for value in values]
        assert not any(holds(condition, person, now=now) for person in people for now in MOMENTS)


@settings(max_examples=250)
@given(st.lists(st.tuples(comparisons(), st.booleans()), min_size=1, max_size=3), st.sampled_from(["a", "id"]))
@example([(compare("a", "starts_with", "a", ignore_case=True), True), (compare("a", "starts_with", "a"), False)], "a")
@example([(compare("a", "all_of", ["a"], ignore_case=True), True), (compare("a", "any_of", ["a"]), False)], "a")
def test_a_proof_holds_by_itself_also_where_a_witness_would_have_been_found_first(
    drawn: list[tuple[Json, bool]], attribute: str
) -> None:
    literals = [
        compared(Comparison(attribute, found.operator, found.value, found.ignore_case), holds=holds)
        for document, holds in drawn
        if isinstance(found := read_condition(document), Comparison)
    ]
    if why_empty(attribute, literals) is not None:
        values = [value for value in VALUES if attribute != "id" or isinstance(value, str)]
        assert not [value for value in values if all(one.admits(value, now) for one in literals for now in MOMENTS)]


@settings(max_examples=30)
@given(conditions(SEGMENTS), environments(sound=True), st.data())
def test_proofs_about_nested_conditions_and_segments_have_no_counterexample(
    document: Json, found: tuple[Json, Json], data: st.DataObject
) -> None:
    _, segments = found
    condition = read_condition(document)
    definitions = Definitions({}, raws(segments))
    logic = Logic({key: definitions.segments[key] for key in SEGMENTS}, now=NOW)
    for wanted in (True, False):
        try:
            ways = logic.ways(condition, holds=wanted)
        except TooMany:
            continue
        witness = logic.witness(ways)
        if witness is not None:
            assert holds(condition, witness, segments) is wanted
        if not ways.ways:
            people = data.draw(st.lists(contexts(), min_size=30, max_size=30))
            assert all(holds(condition, person, segments) is not wanted for person in people)


@settings(max_examples=30)
@given(environments(sound=True), st.lists(contexts(), min_size=40, max_size=40))
def test_what_is_said_of_a_flag_is_true_of_everybody(found: tuple[Json, Json], people: list[Json]) -> None:
    flags, segments = found
    definitions = Definitions(raws(flags), raws(segments))
    held = definitions.flags()
    for key in FLAGS:
        findings = findings_in_flag(key, flags=held, segments=definitions.segments, now=NOW)
        decided = [
            (person, evaluate(key, person, flags=held, segments=definitions.segments, now=NOW)) for person in people
        ]
        rules = {rule.id: rule.condition for rule in held[key].rules}
        for one in findings:
            if one.code in {Code.UNREACHABLE, Code.CONTRADICTS, Code.ZERO_PERCENT}:
                default = {"FALLTHROUGH", "OUTSIDE_ROLLOUT"} if one.rule is None else set()
                assert not [person for person, by in decided if by.rule == one.rule is not None or by.reason in default]
            if one.code is Code.PREREQUISITE_NEVER_HOLDS:
                assert {by.variation for _, by in decided} == {held[key].off_variation}
            if one.code is Code.MATCHES_EVERYBODY:
                assert all(holds(rules[str(one.rule)], person, segments) for person in people)
            if one.witness is not None and one.rule is not None:
                assert holds(rules[one.rule], dict(one.witness), segments)


FEW = ["a", "b", 1, True]
small = st.one_of(
    st.builds(compare, st.sampled_from("pq"), st.sampled_from(["equals", "not_equals"]), st.sampled_from(FEW)),
    st.builds(
        compare,
        st.sampled_from("pq"),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(FEW), min_size=1, max_size=3),
    ),
    st.builds(compare, st.sampled_from("pq"), st.sampled_from(["exists", "not_exists"])),
)


@settings(max_examples=150)
@given(
    st.recursive(
        small,
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(lambda found: {"all": found}),
            st.lists(parts, min_size=1, max_size=3).map(lambda found: {"any": found}),
            parts.map(lambda found: {"not": found}),
        ),
        max_leaves=6,
    )
)
def test_conditions_over_finite_sets_are_decided_completely(document: Json) -> None:
    condition = read_condition(document)
    everything = product([None, *FEW, "other"], repeat=2)
    people = [{"id": "u1", "p": p, "q": q} for p, q in everything]
    logic = Logic({}, now=NOW)
    for wanted in (True, False):
        ways = logic.ways(condition, holds=wanted)
        assert bool(ways.ways) is any(holds(condition, person) is wanted for person in people)
        assert (logic.witness(ways) is not None) is bool(ways.ways)
