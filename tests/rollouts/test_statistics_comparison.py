"""Who is compared in a stage: buckets of which nobody could know yet on which side of the new percentage they are."""

import random
from fractions import Fraction

import pytest
from flagsite_sdk.engine.bucketing import bucket
from flagsite_sdk.engine.model import BUCKETS
from hypothesis import given
from hypothesis import strategies as st

from rollouts.statistics import Comparison, Stage, Tally, comparisons

percentages = st.integers(0, BUCKETS).map(lambda buckets: buckets / 1000)


def the_last(*history: float) -> Comparison:
    return comparisons(history)[-1]


def test_the_first_percentage_compares_everybody() -> None:
    assert the_last(1) == Comparison(epoch=0, low=0, high=1_000)
    assert the_last(1).share == 0.01


def test_raising_compares_only_those_who_were_outside_before() -> None:
    raised = the_last(1, 10)
    assert raised == Comparison(epoch=0, low=1_000, high=10_000)
    assert raised.share == float(Fraction(9, 99))
    assert not raised.counts(999)
    assert raised.counts(1_000)
    assert raised.is_inside(9_999)
    assert not raised.is_inside(10_000)


def test_the_same_percentage_again_continues_the_stage() -> None:
    assert comparisons([1, 10, 10, 50]) == (the_last(1), the_last(1, 10), the_last(1, 10), the_last(1, 10, 50))


def test_going_down_begins_a_new_epoch_that_compares_everybody() -> None:
    assert [each.epoch for each in comparisons([10, 50, 10, 20, 0, 1])] == [0, 0, 1, 1, 2, 2]
    assert the_last(10, 50, 10) == Comparison(epoch=1, low=0, high=10_000)
    assert the_last(10, 50, 0, 1) == Comparison(epoch=1, low=0, high=1_000)


@pytest.mark.parametrize("percentage", [0, 100])
def test_nothing_is_compared_where_one_side_is_empty(percentage: float) -> None:
    assert not the_last(percentage).tells
    assert not the_last(percentage).counts(50_000)


def test_going_on_after_everybody_was_inside_compares_nobody() -> None:
    assert the_last(50, 100).share == 1
    assert the_last(100, 100).share == 1
    assert Comparison(epoch=0, low=BUCKETS, high=BUCKETS).share == 0


@pytest.mark.parametrize("percentage", [-1, 100.001, 0.0005])
def test_what_is_no_percentage_is_refused(percentage: float) -> None:
    with pytest.raises(ValueError, match="not a percentage"):
        comparisons([percentage])


@given(percentages)
def test_a_percentage_is_the_buckets_that_the_engine_lets_in(percentage: float) -> None:
    assert the_last(percentage).high == round(percentage * 1000)


@given(st.lists(percentages, min_size=1, max_size=12))
def test_within_an_epoch_no_stage_asks_what_an_earlier_one_has_answered(history: list[float]) -> None:
    """The boundary that a stage asks about lies among the buckets that count, which no earlier boundary cuts."""
    told: dict[int, set[int]] = {}
    for comparison in dict.fromkeys(comparisons(history)):
        if comparison.tells:
            before = told.setdefault(comparison.epoch, set())
            assert all(boundary <= comparison.low for boundary in before)
            before.add(comparison.high)


def test_a_context_counts_once_in_a_stage_however_often_it_fails() -> None:
    tally = Tally(50)
    assert tally.note("alice", 10)
    assert not tally.note("alice", 10)
    assert tally.note("bob", 60_000)
    tally.move(50)
    assert not tally.note("alice", 10)
    assert tally.stages == (Stage(0.5, inside=1, outside=1),)


def test_who_was_outside_counts_again_when_the_percentage_is_raised_and_who_was_inside_does_not() -> None:
    tally = Tally(50)
    tally.note("alice", 10)
    tally.note("bob", 60_000)
    tally.move(80)
    assert not tally.note("alice", 10)
    assert tally.note("bob", 60_000)
    assert tally.stages == (Stage(0.5, inside=1, outside=1), Stage(0.6, inside=1, outside=0))


def test_after_going_down_only_contexts_count_that_had_no_event_before() -> None:
    tally = Tally(10)
    tally.note("alice", 10)
    tally.move(50)
    assert not tally.note("carol", 20), "inside before"
    tally.move(25)
    assert not tally.note("alice", 10)
    assert not tally.note("carol", 20), "her event was seen, though it did not count"
    assert tally.note("bob", 60_000)
    assert tally.stages == (Stage(0.25, inside=0, outside=1),)
    assert tally.comparison.epoch == 1


def test_nothing_is_counted_while_everybody_or_nobody_is_inside() -> None:
    tally = Tally(0)
    assert not tally.note("alice", 10)
    tally.move(100)
    assert not tally.note("bob", 10)
    assert tally.stages == ()


def test_who_failed_while_nobody_was_inside_counts_when_the_ramp_begins() -> None:
    tally = Tally(0)
    tally.note("alice", 10)
    tally.move(1)
    assert tally.note("alice", 10)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, BUCKETS - 1)), max_size=40), st.randoms())
def test_the_order_within_a_stage_makes_no_difference(events: list[tuple[int, int]], luck: random.Random) -> None:
    of = dict(events)  # a context has one bucket
    noted = [(context, of[context]) for context, _ in events]
    tallies = Tally(10), Tally(10)
    for tally in tallies:
        for percentage in (10, 40):
            tally.move(percentage)
            for context, its_bucket in noted:
                tally.note(context, its_bucket)
            luck.shuffle(noted)
    assert tallies[0].stages == tallies[1].stages


def test_the_engine_s_buckets_are_inside_as_often_as_the_share_says() -> None:
    tally = Tally(10)
    tally.move(50)
    for number in range(20_000):
        tally.note(number, bucket("5f0c7a91", "rollout", f"user-{number}"))
    (stage,) = tally.stages
    expected = stage.contexts * stage.share
    deviation = (expected * (1 - stage.share)) ** 0.5
    assert abs(stage.inside - expected) < 4 * deviation
    assert stage.contexts == pytest.approx(18_000, rel=0.02)
