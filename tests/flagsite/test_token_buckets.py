"""Token buckets: held to the plain form of the algorithm, and to their bound of memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagsite.lib.token_buckets import TokenBuckets


def test_a_full_bucket_gives_its_burst_and_then_its_rate() -> None:
    buckets = TokenBuckets(per_second=10, burst=3)
    assert [buckets.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 100.0) == pytest.approx(0.1)
    assert buckets.take("a", 100.05) == pytest.approx(0.05)
    assert [buckets.take("a", 100.101) > 0, buckets.take("a", 100.102) > 0] == [False, True]


def test_who_is_refused_and_waits_so_long_is_let_in() -> None:
    buckets = TokenBuckets(per_second=7, burst=1)
    now = 0.0
    for _ in range(50):
        now += buckets.wait("a", now)
        assert buckets.take("a", now) == 0.0
    assert now == pytest.approx(49 / 7)


def test_several_are_taken_together_or_none() -> None:
    buckets = TokenBuckets(per_second=1, burst=10)
    assert buckets.take("a", 0.0, tokens=7) == 0.0
    assert buckets.take("a", 0.0, tokens=5) == pytest.approx(2.0)
    assert buckets.take("a", 0.0, tokens=3) == 0.0
    assert buckets.take("a", 0.0) == pytest.approx(1.0)


def test_names_do_not_share_a_bucket() -> None:
    buckets = TokenBuckets(per_second=1, burst=1)
    assert (buckets.take("a", 0.0), buckets.take("b", 0.0)) == (0.0, 0.0)
    assert buckets.take("a", 0.0) > 0


def test_to_look_takes_nothing() -> None:
    buckets = TokenBuckets(per_second=1, burst=1)
    assert [buckets.wait("a", 0.0) for _ in range(5)] == [0.0] * 5
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.wait("a", 0.25) == pytest.approx(0.75)
    assert len(buckets) == 1


def test_of_too_many_names_the_one_asked_about_longest_ago_is_forgotten() -> None:
    buckets = TokenBuckets(per_second=1, burst=1, most_names=3)
    for name in "abcad":  # a is asked about again, so b goes
        buckets.take(name, 0.0)
    assert len(buckets) == 3
    assert (buckets.wait("a", 0.0) > 0, buckets.wait("b", 0.0)) == (True, 0.0)
    for number in range(1_000):
        buckets.take(number, 0.0)
    assert len(buckets) == 3


@given(
    steps=st.lists(st.integers(0, 400), max_size=60),
    per_second=st.sampled_from([1, 2, 4, 8, 64]),
    burst=st.integers(1, 5),
)
def test_it_decides_as_a_bucket_that_is_counted_out_does(steps: list[int], per_second: int, burst: int) -> None:
    buckets = TokenBuckets(per_second=per_second, burst=burst)
    tokens, before, now = float(burst), 0.0, 0.0
    for step in steps:
        now += step / 256  # powers of two: neither form rounds
        tokens, before = min(burst, tokens + (now - before) * per_second), now
        wait = buckets.take("a", now)
        if tokens >= 1:
            tokens -= 1
            assert wait == 0.0
        else:
            assert wait == (1 - tokens) / per_second


def test_threads_take_no_more_together_than_there_is() -> None:
    buckets = TokenBuckets(per_second=1, burst=500)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: buckets.take("a", 0.0), range(2_000)))
    assert waits.count(0.0) == 500
