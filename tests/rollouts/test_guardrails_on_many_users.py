"""Guardrails on events where there is more than one reads, less than there should be, or all of it again."""

from typing import Any

import pytest
from flagsite_sdk.engine.bucketing import bucket

from rollouts.guardrails import contexts, stages
from tests.conftest import Person
from tests.flags.builders import PRODUCTION
from tests.rollouts.conftest import Clock, Start, do, percentage, ramp_of, step
from tests.rollouts.looking import checks, look
from tests.rollouts.users import Users, event

pytestmark = pytest.mark.django_db

FAILED = {"event": "checkout-failed", "per": "checkout"}
WORSE: dict[str, Any] = {"metric": FAILED, "when": {"worse_than_others": True}}
ABOVE: dict[str, Any] = {"metric": FAILED, "when": {"above": 0.1, "window": "10m", "sample": 50}}


def is_inside(name: str) -> bool:
    return bucket("pepper", "rollout", name) < 50_000


@pytest.mark.parametrize(("failing", "verdict"), [(0.05, "healthy"), (0.4, "crossed")])
@pytest.mark.parametrize(("bound", "most"), [("MOST_INSIDE", 120), ("MOST_READ", 250)])
def test_of_more_users_than_are_read_a_limit_is_held_by_the_latest(  # noqa: PLR0917 - what is bounded, what follows
    time: Clock,
    start: Start,
    users: Users,
    ed: Person,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    most: int,
    failing: float,
    verdict: str,
) -> None:
    """Not by all that failed, of the few that were read: that would roll back whatever is busy."""
    monkeypatch.setattr(contexts, bound, most)
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    for batch in range(12):
        time.passes("1s")
        numbers = range(100 * batch, 100 * (batch + 1))
        users.check_out(numbers, at=time.now, percentage=50, failing=lambda _: failing)
    look(time)
    assert checks(ed)[0][0] == verdict


def test_users_inside_who_are_lost_pause_a_ramp_that_a_limit_watches(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    names = [f"user-{number}" for number in range(2_000)]
    heard = [name for name in names if not is_inside(name) or int(name[-1]) % 3 == 0]
    users.report([event("checkout", name, time.now) for name in heard])
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed), checks(ed)[0][0]) == ("paused", 50, "mismatched")


def test_an_event_that_only_users_inside_can_have_may_be_held_against_a_limit(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    names = [f"user-{number}" for number in range(1_000)]
    users.report([event("checkout", name, time.now) for name in names if is_inside(name)])
    look(time)
    assert (ramp_of(ed)["status"], checks(ed)[0][0]) == ("running", "healthy")


def test_those_who_failed_in_a_ramp_that_was_given_up_do_not_condemn_the_next_one(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    """Their buckets are the same: whom bad luck had inside is inside again, and fails again."""

    def unlucky(inside: bool) -> float:
        return 0.3 if inside else 0.02

    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(600), at=time.now, percentage=50, failing=unlucky)
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back"
    time.passes("1h")
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(600), at=time.now, percentage=50, failing=unlucky)
    look(time)
    assert ramp_of(ed)["status"] == "running", "the same users, of whom nothing new is learnt"
    users.check_out(range(600, 1_400), at=time.now, percentage=50, failing=unlucky)
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back", "others fail in the same way: it was no bad luck"


def test_those_who_failed_in_a_ramp_that_went_well_count_in_the_next_one(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), guardrails=[WORSE], watch_for="1h")
    users.check_out(range(600), at=time.now, percentage=50, failing=lambda _: 0.3)
    time.passes("1h")
    assert ramp_of(ed)["status"] == "finished"
    start(step(60), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(600), at=time.now, percentage=60, failing=lambda inside: 0.3 if inside else 0.01)
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back"


def test_users_of_more_percentages_than_are_compared_are_left_out(
    ed: Person, time: Clock, start: Start, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MAX_SPANS", 2)
    start(*(step(share, after="1h") for share in (40, 50, 60, 70)), guardrails=[WORSE])
    for _ in range(3):
        do(ed, "advance")
        users.check_out(range(400), at=time.now, percentage=50, failing=lambda _: 0.2)
        time.passes("1s")
    look(time)
    assert percentage(ed) == 60
    figures = ed.client().get(f"/flags/checkout/ramp/checks{PRODUCTION}").json()["results"][0]["figures"]
    assert figures["evidence"] == 1, "all had it before"
