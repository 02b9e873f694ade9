"""Waits grow, are drawn from the whole range, stop growing, and begin again."""

import pytest
from flagsite_sdk.backoff import Backoff
from flagsite_sdk.retry_after import read_retry_after, read_retry_within


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    backoff = Backoff(base=0.5, cap=30, random=lambda: 1.0)
    assert [backoff.next() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_the_jitter_is_full() -> None:
    backoff = Backoff(base=0.5, cap=30, random=iter([0.0, 0.5, 0.25]).__next__)
    assert [backoff.next() for _ in range(3)] == [0, 0.5, 0.5]


def test_a_success_begins_again() -> None:
    backoff = Backoff(base=0.5, cap=30, random=lambda: 1.0)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_a_server_that_names_a_time_gets_it_and_the_jitter_on_top() -> None:
    backoff = Backoff(base=0.5, cap=30, random=lambda: 1.0)
    assert backoff.next(at_least=10) == 10.5


def test_years_of_failures_are_still_the_cap() -> None:
    backoff = Backoff(base=0.5, cap=30, random=lambda: 1.0)
    for _ in range(5_000):
        backoff.next()
    assert backoff.next() == 30


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 7 ", 7),
        ("99999999", 3_600),
        ("Thu, 01 Jan 1970 00:01:10 GMT", 10),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0),
        ("soon", None),
        ("-3", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, now=60.0) == seconds


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [
        ("retry-within=5", 5),
        ("restarting; retry-within=12", 12),
        ("retry-within=9999", 300),
        ("retry-within=-1", 0),
        ("retry-within=", 0),
        ("retry-within=99999", 0),
        ("", 0),
    ],
)
def test_the_reason_of_a_close_may_say_within_which_time_to_come_back(reason: str, seconds: float) -> None:
    assert read_retry_within(reason) == seconds
