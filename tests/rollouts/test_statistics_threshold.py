"""Is a plain threshold crossed?"""

from math import nan

import pytest

from rollouts.statistics import Finding, judge_figure, judge_share


@pytest.mark.parametrize(
    ("bad", "above", "below"),
    [
        (3, Finding.CROSSED, Finding.KEPT),
        (2, Finding.KEPT, Finding.KEPT),
        (1, Finding.KEPT, Finding.CROSSED),
    ],
)
def test_a_share_past_the_limit_crosses_it_and_one_at_the_limit_does_not(
    bad: int, above: Finding, below: Finding
) -> None:
    assert judge_share(bad, 100, limit=0.02, is_above=True, sample=100) is above
    assert judge_share(bad, 100, limit=0.02, is_above=False, sample=100) is below


def test_too_small_a_sample_is_neither_kept_nor_crossed() -> None:
    assert judge_share(99, 99, limit=0.02, is_above=True, sample=100) is Finding.TOO_FEW
    assert judge_share(100, 100, limit=0.02, is_above=True, sample=100) is Finding.CROSSED
    assert judge_share(0, 0, limit=0.02, is_above=False, sample=0) is Finding.TOO_FEW, "nothing to divide by"


def test_a_ready_figure_is_taken_as_it_is_unless_it_is_none() -> None:
    assert judge_figure(5.1, limit=5, is_above=True) is Finding.CROSSED
    with pytest.raises(ValueError, match="not a number"):
        judge_figure(nan, limit=5, is_above=True)
