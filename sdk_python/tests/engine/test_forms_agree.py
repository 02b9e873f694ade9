"""The compiled form decides as the readable one does, whatever the flags and whoever asks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdk_python.tests.engine.environments import (
    FLAGS,
    Json,
    by_compiled,
    by_reference,
    contexts,
    environments,
    holding,
)

thorough = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@thorough
@given(environments(sound=True), st.lists(contexts(), min_size=1, max_size=4))
def test_sound_flags_are_decided_alike(environment: tuple[Json, Json], people: list[Json]) -> None:
    flags, segments = environment
    snapshot = holding(flags, segments)
    for key in FLAGS:
        for context in people:
            assert by_compiled(snapshot, key, context) == by_reference(flags, segments, key, context)


@thorough
@given(environments(), contexts(), st.permutations(FLAGS))
def test_circles_and_broken_definitions_are_judged_alike_in_any_order(
    environment: tuple[Json, Json], context: Json, order: list[str]
) -> None:
    flags, segments = environment
    snapshot = holding(flags, segments)
    for key in order:
        assert by_compiled(snapshot, key, context) == by_reference(flags, segments, key, context)


@settings(max_examples=15)
@given(environments(sound=True), contexts())
def test_the_explanation_tells_the_same_decision(environment: tuple[Json, Json], context: Json) -> None:
    flags, segments = environment
    snapshot = holding(flags, segments)
    for key in FLAGS:
        told = snapshot.explain(key, context, now=snapshot._clock())
        assert (told["value"], told["variation"], told["reason"], told["rule"], None) == by_compiled(
            snapshot, key, context
        )


@pytest.mark.parametrize("key", FLAGS)
@settings(max_examples=4)
@given(environments(sound=True), contexts())
def test_the_same_question_gets_the_same_answer_a_hundred_times(
    key: str, environment: tuple[Json, Json], context: Json
) -> None:
    flags, segments = environment
    snapshot = holding(flags, segments)
    first = by_reference(flags, segments, key, context)
    assert all(by_compiled(snapshot, key, context) == first for _ in range(100))
    assert all(by_reference(flags, segments, key, context) == first for _ in range(100))
