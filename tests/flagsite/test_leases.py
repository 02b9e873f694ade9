"""What one process at a time does: who has a lease, and what becomes of it."""

import pytest
from django.core.cache import cache

from flagsite.lib.leases import Lease, leased

KEY = "lease:work"


@pytest.fixture(autouse=True)
def nobody_works() -> None:
    cache.delete(KEY)


def test_one_has_it_at_a_time_and_then_another_one() -> None:
    with leased("work", seconds=30) as first, leased("work", seconds=30) as second:
        assert (first is not None, second) == (True, None)
    with leased("work", seconds=30) as third:
        assert third is not None


def test_it_is_given_back_when_the_work_fails() -> None:
    with pytest.raises(ValueError, match="a mistake"), leased("work", seconds=30):
        raise ValueError("a mistake")
    with leased("work", seconds=30) as next_one:
        assert next_one is not None


def test_who_has_lost_it_takes_nothing_from_who_has_it_now() -> None:
    late, present = Lease(KEY, 30), Lease(KEY, 30)
    assert late.take()
    cache.delete(KEY)  # as when its time is over
    assert present.take()
    late.renew()
    late.give_back()
    assert not late.take()


def test_the_work_is_done_when_the_cache_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    for name in ("add", "get"):
        monkeypatch.setattr(cache, name, fail)
    with leased("work", seconds=30) as lease:
        assert lease is not None
        lease.renew()
