"""Evidence that it is worse inside: expected to be 1 if the flag changes nothing, by counting out every case."""

from itertools import product
from math import comb, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.statistics import Direction, Stage, evidence, evidence_needed, is_alarm, risk_ratio_band

shares = st.integers(1, 99_999).map(lambda buckets: buckets / 100_000)
directions = st.sampled_from(Direction)
stages = st.lists(st.builds(Stage, shares, st.integers(0, 10**6), st.integers(0, 10**6)), max_size=4)


def cases(sizes: list[tuple[float, int]]) -> list[tuple[float, list[Stage]]]:
    """Every way in which so many contexts in stages of these shares can fall, with its probability."""
    found = []
    for insides in product(*(range(contexts + 1) for _, contexts in sizes)):
        probability = 1.0
        case = []
        for (share, contexts), inside in zip(sizes, insides, strict=True):
            probability *= comb(contexts, inside) * share**inside * (1 - share) ** (contexts - inside)
            case.append(Stage(share, inside, contexts - inside))
        found.append((probability, case))
    return found


@given(st.lists(st.tuples(shares, st.integers(0, 9)), max_size=3), directions)
def test_if_the_flag_changes_nothing_evidence_is_one_in_the_mean(
    sizes: list[tuple[float, int]], worse: Direction
) -> None:
    mean = sum(probability * evidence(case, worse=worse) for probability, case in cases(sizes))
    assert mean == pytest.approx(1, abs=1e-9)


@given(stages, shares, directions)
def test_whatever_was_seen_the_next_context_is_expected_to_leave_evidence_where_it_is(
    seen: list[Stage], share: float, worse: Direction
) -> None:
    now = evidence(seen, worse=worse)
    if not 1e-200 < now < 1e200:
        return  # bounded there
    inside, outside = (evidence([*seen, Stage(share, *sides)], worse=worse) for sides in ((1, 0), (0, 1)))
    assert share * inside + (1 - share) * outside == pytest.approx(now, rel=1e-6)


def test_without_contexts_there_is_no_evidence() -> None:
    assert evidence([]) == 1
    assert evidence([Stage(0.5, 0, 0)]) == 1


@given(stages, shares)
def test_one_more_inside_is_evidence_that_more_is_worse_and_one_more_outside_is_not(
    seen: list[Stage], share: float
) -> None:
    now = evidence(seen)
    assert evidence([*seen, Stage(share, 1, 0)]) >= now
    assert evidence([*seen, Stage(share, 0, 1)]) <= now
    assert evidence([*seen, Stage(share, 1, 0)], worse=Direction.FEWER) <= evidence(seen, worse=Direction.FEWER)


@given(stages, directions)
def test_the_order_of_stages_makes_no_difference_nor_does_cutting_one_in_two(
    seen: list[Stage], worse: Direction
) -> None:
    halves = [
        Stage(stage.share, *half)
        for stage in reversed(seen)
        for inside, outside in [(stage.inside // 2, stage.outside // 3)]
        for half in [(inside, outside), (stage.inside - inside, stage.outside - outside)]
    ]
    assert evidence(halves, worse=worse) == pytest.approx(evidence(seen, worse=worse), rel=1e-6)


@given(stages, directions)
def test_evidence_is_a_number_whatever_the_counts(seen: list[Stage], worse: Direction) -> None:
    assert 0 <= evidence(seen, worse=worse) < inf


def test_much_evidence_is_bounded_so_that_it_can_be_written_as_json() -> None:
    assert evidence([Stage(0.01, 10**9, 0)]) == pytest.approx(1e300)


def test_twice_as_many_failures_inside_are_an_alarm_and_half_as_many_are_not() -> None:
    assert is_alarm(evidence([Stage(0.5, 200, 100)]), false_alarms=0.01)
    assert not is_alarm(evidence([Stage(0.5, 100, 200)]), false_alarms=0.01)
    assert is_alarm(evidence([Stage(0.5, 100, 200)], worse=Direction.FEWER), false_alarms=0.01)


def test_stages_that_say_little_say_much_together() -> None:
    little = [Stage(share, inside, outside) for share, inside, outside in ((0.01, 2, 50), (0.1, 14, 60), (0.4, 60, 45))]
    alone = [evidence([stage]) for stage in little]
    assert not any(is_alarm(each, false_alarms=0.01) for each in alone)
    assert is_alarm(evidence(little), false_alarms=0.01)


def test_each_epoch_needs_twice_the_evidence_so_that_all_together_keep_the_share() -> None:
    assert evidence_needed(0.01) == 200
    assert evidence_needed(0.01, epoch=1) == 400
    assert sum(1 / evidence_needed(0.05, epoch=epoch) for epoch in range(1_000)) <= 0.05


@pytest.mark.parametrize(("false_alarms", "epoch"), [(0, 0), (1, 0), (0.01, -1)])
def test_a_share_of_false_alarms_that_cannot_be_is_refused(false_alarms: float, epoch: int) -> None:
    with pytest.raises(ValueError, match=r"there is no epoch|not between 0 and 1"):
        evidence_needed(false_alarms, epoch=epoch)


@pytest.mark.parametrize(("share", "inside", "outside"), [(0, 0, 0), (1, 0, 0), (0.5, -1, 0), (0.5, 0, -1)])
def test_a_stage_that_cannot_be_is_refused(share: float, inside: int, outside: int) -> None:
    with pytest.raises(ValueError, match=r"nobody to compare with|there are no"):
        Stage(share, inside, outside)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.0])
def test_the_band_of_the_risk_ratio_holds_the_truth_at_every_look_as_often_as_it_says(ratio: float) -> None:
    """All 2¹² orders in which twelve contexts can fall; the truth is outside the band at some look in few of them."""
    share, error = 0.4, 0.2
    inside = share * ratio / (share * ratio + 1 - share)
    ever_outside = 0.0
    bands = {(i, o): risk_ratio_band([Stage(share, i, o)], error=error) for i in range(13) for o in range(13 - i)}
    for falls in product((True, False), repeat=12):
        looks = [bands[sum(falls[:seen]), seen - sum(falls[:seen])] for seen in range(1, 13)]
        if any(ratio < band.low or (band.high is not None and ratio > band.high) for band in looks):
            ever_outside += inside ** sum(falls) * (1 - inside) ** (12 - sum(falls))
    assert ever_outside <= error


def test_the_band_narrows_round_what_was_seen() -> None:
    few, many = (risk_ratio_band([Stage(0.25, 2 * size, 3 * size)]) for size in (20, 2_000))
    assert few.estimate == pytest.approx(2)
    assert many.estimate == pytest.approx(2)
    assert few.high is not None
    assert many.high is not None
    assert 1.8 < many.low < many.high < 2.2
    assert few.low < 1.3
    assert few.high > 3


@given(stages)
def test_the_estimate_lies_in_the_band(seen: list[Stage]) -> None:
    band = risk_ratio_band(seen)
    estimate = inf if band.estimate is None else band.estimate
    assert band.low <= estimate * (1 + 1e-9)
    assert estimate <= (inf if band.high is None else band.high * (1 + 1e-9)) or band.estimate is None


def test_the_band_has_no_limit_where_nothing_sets_one() -> None:
    nothing, nobody_outside, nobody_inside = (
        risk_ratio_band([Stage(0.5, *sides)]) for sides in ((0, 0), (100, 0), (0, 100))
    )
    assert (nothing.low, nothing.estimate, nothing.high) == (0, None, None)
    assert (nobody_outside.estimate, nobody_outside.high) == (None, None)
    assert nobody_outside.low > 10
    assert (nobody_inside.low, nobody_inside.estimate) == (0, 0)
    assert nobody_inside.high is not None
    assert nobody_inside.high < 0.1


def test_a_band_without_error_is_refused() -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        risk_ratio_band([], error=0)
