"""A ramp's steps on its page: what was taken, what is next and when, as far as anybody can know."""

import pytest

from flags.models import Flag
from rollouts.models import Ramp
from tests.desk import Desk
from tests.rollouts.admin_ramps import ramp_of
from tests.rollouts.conftest import Clock

pytestmark = pytest.mark.django_db


def do(desk: Desk, ramp: Ramp, what: str, **data: str) -> Ramp:
    assert desk.post(f"rollouts_ramp_{what}", ramp.pk, version=ramp.version, **data).status_code == 302
    return Ramp.objects.get(pk=ramp.pk)


def test_after_a_step_that_waits_for_a_word_nobody_knows_a_date(desk: Desk, sale: Flag, time: Clock) -> None:
    steps = [
        {"percentage": 1},
        {"percentage": 10, "after": "1h", "needs_confirmation": True},
        {"percentage": 50, "after": "1h"},
        {"percentage": 100, "after": "1h"},
    ]
    ramp = ramp_of(sale, steps=steps)
    time.passes("68m")
    stops = desk.open(ramp).context["stops"]
    assert [stop.when for stop in stops[1:]] == [
        "since 1 Mar, 10:00 UTC",
        "after somebody’s word + 1 h",
        "after somebody’s word + 2 h",
    ]


def test_a_step_that_was_taken_and_gone_back_from_says_so(desk: Desk, sale: Flag, time: Clock) -> None:
    ramp = do(desk, ramp_of(sale), "advance")
    ramp = do(desk, ramp, "advance", step="1")
    first, second, _ = desk.open(ramp).context["stops"]
    assert (first.kind, second.word, second.holds) == ("now", "Next", "was taken, then gone back")
    do(desk, ramp, "roll_back")
    stops = desk.open(ramp).context["stops"]
    assert [stop.word for stop in stops] == ["Taken", "Taken, then gone back", "Not taken"]
    assert stops[1].address
