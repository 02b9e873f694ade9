"""The simulation in small: what `make bench-guardrails` shows of thousands of ramps, seen in some dozens."""

from dataclasses import replace
from functools import cache

import pytest

from tests.benchmarks.guardrails.intervals import clopper_pearson, quantile
from tests.benchmarks.guardrails.plot import plot
from tests.benchmarks.guardrails.ramp import Outcome, Plan
from tests.benchmarks.guardrails.report import report
from tests.benchmarks.guardrails.runs import Runs, one_ramp

SMALL = Plan(visits=2_500, users=250, percentages=(5, 20, 50, 100), error_rate=0.05)
SEED = 5


@cache
def ramps(count: int, *, ratio: float = 1.0, lost: float = 0.0, is_nervous: bool = False) -> list[Outcome]:
    plan = replace(SMALL, ratio=ratio, lost=lost, is_nervous=is_nervous)
    return [one_ramp(plan, SEED, number) for number in range(count)]


@pytest.mark.parametrize("is_nervous", [False, True])
def test_harmless_ramps_are_rolled_back_no_more_often_than_stated(is_nervous: bool) -> None:
    peaks = [one.peak for one in (ramps(60, is_nervous=True) if is_nervous else ramps(60))]
    for stated in (0.05, 0.1, 0.2, 0.5):
        low, _ = clopper_pearson(sum(peak >= 1 / stated for peak in peaks), len(peaks))
        assert low <= stated
    assert max(peaks) > 2, "and sometimes there is something to be seen"


def test_a_right_split_is_not_taken_for_a_wrong_one() -> None:
    assert max(one.split_peak for one in ramps(60)) < 1_000


def test_a_split_of_which_a_part_is_lost_is_found_to_be_wrong() -> None:
    assert sum(one.split_found_at is not None for one in ramps(20, lost=0.9)) >= 19


def test_great_harm_is_found_and_by_few_failing_users_inside() -> None:
    alarms = [one.alarm for one in ramps(20, ratio=8)]
    assert sum(alarm is not None for alarm in alarms) >= 19
    assert sorted(alarm.failed_inside for alarm in alarms if alarm)[10] < 40


def test_a_z_test_that_is_looked_at_all_the_time_gives_more_false_alarms_than_stated() -> None:
    naive = sum(one.naive_visits is not None for one in ramps(60))
    assert clopper_pearson(naive, 60)[0] > 0.01


def test_a_ramp_is_the_same_whenever_it_is_run() -> None:
    assert one_ramp(SMALL, SEED, 7) == one_ramp(SMALL, SEED, 7)
    assert one_ramp(SMALL, SEED, 7) != one_ramp(SMALL, SEED, 8)


def test_the_tables_and_the_picture_show_every_size_of_harm() -> None:
    harmful = dict.fromkeys((1.2, 1.5, 2.0, 3.0, 5.0, 10.0), ramps(20, ratio=8))
    runs = Runs(ramps(60), ramps(60, is_nervous=True), harmful, {1.5: ramps(20, ratio=8)}, {0.3: ramps(20, lost=0.3)})
    tables, picture = report(runs), plot(runs)
    for ratio in harmful:
        assert f"\n| {ratio:g} | " in tables
        assert f"{ratio:g} × the failures" in picture


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson() -> None:
    assert clopper_pearson(0, 10) == pytest.approx((0, 0.30850), abs=1e-5)
    assert clopper_pearson(5, 10) == pytest.approx((0.18709, 0.81291), abs=1e-5)
    assert clopper_pearson(10, 10) == pytest.approx((0.69150, 1), abs=1e-5)


def test_what_never_happened_is_later_than_all_that_did() -> None:
    assert quantile([3, None, 1], 0.5) == 3
    assert quantile([3, None, 1], 0.9) is None
