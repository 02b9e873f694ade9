"""Percentages that move by what was seen: the promise holds still. Every way in which contexts can fall is counted out.

Six contexts fail again and again. What matters of a bucket is between which of the percentages it lies.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import prod

import pytest

from rollouts.statistics import Stage, Tally, evidence, is_alarm, split_evidence

PLACES = ((10_000, 0.2), (30_000, 0.3), (60_000, 0.3), (90_000, 0.2))
"""A bucket below 20 %, below 50 %, below 80 % and above, each with its probability."""

CONTEXTS = 6
FAILURES = (0, 1, 2, 0, 3, 4, 1, 5, 2, 0, 3, 5, 4, 1)
"""Who fails, one after the other."""

FALSE_ALARMS = 0.8
"""As six contexts cannot show much."""

Look = Callable[[Tally], None]


evidence_of = cache(evidence)  # there are few counts, and many ways to them


def seen(tally: Tally) -> float:
    return evidence_of(tally.stages)


def ways() -> Iterator[tuple[float, list[int]]]:
    """The buckets of the six in every way that matters, with the probability of each."""
    for places in product(PLACES, repeat=CONTEXTS):
        yield prod(share for _, share in places), [bucket for bucket, _ in places]


def raise_while_it_looks_good(tally: Tally) -> None:
    if seen(tally) < 1 and tally.comparison.high < 80_000:
        tally.move(50 if tally.comparison.high < 50_000 else 80)


def raise_while_it_looks_bad(tally: Tally) -> None:
    """Whoever wants an alarm, and stays where one is near."""
    if seen(tally) > 1.2 and tally.comparison.high < 80_000:
        tally.move(50 if tally.comparison.high < 50_000 else 80)


def go_back_when_it_looks_bad(tally: Tally) -> None:
    if tally.comparison.epoch == 0 and seen(tally) > 1.5:
        tally.move(20)


def go_to_nobody_and_begin_again(tally: Tally) -> None:
    if tally.comparison.epoch == 0 and seen(tally) > 1.5:
        tally.move(0)
        tally.move(50)


def stay(tally: Tally) -> None:
    """Whatever it looks like."""


def history(buckets: list[int], decide: Look, tally: Tally) -> Iterator[Tally]:
    """The tally after each failure; whoever decides then moves the percentage."""
    for context in FAILURES:
        tally.note(context, buckets[context])
        yield tally
        decide(tally)


UPWARDS = (stay, raise_while_it_looks_good, raise_while_it_looks_bad)
DOWNWARDS = (go_back_when_it_looks_bad, go_to_nobody_and_begin_again)


@pytest.mark.parametrize("decide", UPWARDS + DOWNWARDS)
@pytest.mark.parametrize("first", [20, 50])
def test_no_way_to_move_the_percentage_makes_more_false_alarms_than_stated(decide: Look, first: float) -> None:
    alarms = sum(
        probability
        for probability, buckets in ways()
        if any(
            is_alarm(seen(tally), false_alarms=FALSE_ALARMS, epoch=tally.comparison.epoch)
            for tally in history(buckets, decide, Tally(first))
        )
    )
    assert alarms <= FALSE_ALARMS
    assert alarms or decide in DOWNWARDS, "six contexts are enough to see some"


@pytest.mark.parametrize("decide", UPWARDS)
def test_evidence_is_one_in_the_mean_whenever_one_stops(decide: Look) -> None:
    for stop in (5, len(FAILURES)):
        mean = 0.0
        for probability, buckets in ways():
            *_, tally = (tally for tally, _ in zip(history(buckets, decide, Tally(20)), range(stop), strict=False))
            mean += probability * seen(tally)
        assert mean == pytest.approx(1, abs=1e-9)


def mean_after_going_down(decide: Look, tally_of: Callable[[float], Tally]) -> float:
    """The evidence of the second epoch in the mean, of those ramps that have one."""
    went_down = total = 0.0
    for probability, buckets in ways():
        *_, tally = history(buckets, decide, tally_of(50))
        if tally.comparison.epoch:
            went_down += probability
            total += probability * seen(tally)
    assert 0.05 < went_down < 0.95
    return total / went_down


@pytest.mark.parametrize("decide", DOWNWARDS)
def test_whoever_went_down_for_what_he_saw_begins_again_with_evidence_of_one_in_the_mean(decide: Look) -> None:
    assert mean_after_going_down(decide, Tally) == pytest.approx(1, abs=1e-9)


class Forgetful(Tally):
    """Counts also who had failed in an earlier epoch."""

    def move(self, percentage: float) -> None:
        super().move(percentage)
        self._known.clear()


@pytest.mark.parametrize("decide", DOWNWARDS)
def test_were_those_counted_again_who_had_failed_before_a_harmless_flag_would_look_bad(decide: Look) -> None:
    """Why a new epoch forgets nobody: going down because of some contexts says where these contexts are."""
    assert mean_after_going_down(decide, Forgetful) > 1.2


def test_were_those_counted_who_were_inside_before_a_harmless_flag_would_look_bad() -> None:
    """Why only buckets past the former percentage count: of the others it is known that they are inside."""
    mean = 0.0
    for probability, buckets in ways():
        inside = sum(bucket < 50_000 for bucket in buckets)
        was_inside = sum(bucket < 20_000 for bucket in buckets)
        if evidence_of((Stage(0.2, was_inside, CONTEXTS - was_inside),)) > 1:  # raised, because it looked bad
            mean += probability * evidence_of((Stage(0.5, inside, CONTEXTS - inside),))
        else:
            mean += probability
    assert mean > 1.05


def test_the_split_of_the_contexts_is_held_for_right_however_the_percentage_moves() -> None:
    mean = 0.0
    for probability, buckets in ways():
        *_, tally = history(buckets, raise_while_it_looks_bad, Tally(20))
        mean += probability * split_evidence(tally.stages)
    assert mean == pytest.approx(1, abs=1e-9)
