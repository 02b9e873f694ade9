"""Is the split what it should be?"""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.statistics import Stage, is_split_wrong, split_evidence

shares = st.integers(1, 99_999).map(lambda buckets: buckets / 100_000)


@given(shares, st.integers(0, 60))
def test_evidence_against_a_right_split_is_one_in_the_mean(share: float, contexts: int) -> None:
    mean = sum(
        comb(contexts, inside)
        * share**inside
        * (1 - share) ** (contexts - inside)
        * split_evidence([Stage(share, inside, contexts - inside)])
        for inside in range(contexts + 1)
    )
    assert mean == pytest.approx(1, abs=1e-9)


@given(shares, st.integers(0, 500), st.integers(0, 500))
def test_the_next_context_is_expected_to_leave_evidence_where_it_is(share: float, inside: int, outside: int) -> None:
    now, one_in, one_out = (
        split_evidence([Stage(share, inside + more_in, outside + more_out)])
        for more_in, more_out in ((0, 0), (1, 0), (0, 1))
    )
    if now < 1e290:
        assert share * one_in + (1 - share) * one_out == pytest.approx(now, rel=1e-6)


@given(shares, st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_check_asks_both_sides_alike(share: float, inside: int, outside: int) -> None:
    there, back = split_evidence([Stage(share, inside, outside)]), split_evidence([Stage(1 - share, outside, inside)])
    assert there == pytest.approx(back, rel=1e-4)


def test_fifty_fifty_asked_and_forty_sixty_seen_is_wrong() -> None:
    assert is_split_wrong(split_evidence([Stage(0.5, 400, 600)]))
    assert is_split_wrong(split_evidence([Stage(0.5, 600, 400)]))


def test_a_percent_missing_of_a_hundred_thousand_is_wrong_and_of_a_thousand_is_luck() -> None:
    assert is_split_wrong(split_evidence([Stage(0.5, 49_000, 51_000)]))
    assert not is_split_wrong(split_evidence([Stage(0.5, 490, 510)]))


def test_one_percent_asked_and_nobody_inside_is_wrong_after_some_thousands() -> None:
    assert not is_split_wrong(split_evidence([Stage(0.01, 0, 100)]))
    assert is_split_wrong(split_evidence([Stage(0.01, 0, 3_000)]))


def test_a_split_that_is_right_stays_right_however_many_come() -> None:
    assert not is_split_wrong(split_evidence([Stage(0.01, 1_000, 99_000), Stage(0.5, 500_300, 499_700)]))


def test_each_epoch_takes_twice_the_evidence() -> None:
    evidence = split_evidence([Stage(0.5, 424, 576)])
    assert is_split_wrong(evidence)
    assert not is_split_wrong(evidence, epoch=6)
