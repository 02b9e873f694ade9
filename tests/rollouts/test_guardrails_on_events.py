"""Guardrails on what SDKs report: users inside are compared with those outside, or with a limit."""

from typing import Any

import pytest
from django.test import override_settings
from flagsite_sdk.engine.bucketing import bucket

from tests.conftest import Person
from tests.flags.builders import PRODUCTION
from tests.rollouts.conftest import Clock, Start, do, percentage, ramp_of, step, told
from tests.rollouts.looking import checks, look, look_at_due
from tests.rollouts.users import Share, Users, event

pytestmark = pytest.mark.django_db

FAILED = {"event": "checkout-failed", "per": "checkout"}
WORSE: dict[str, Any] = {"metric": FAILED, "when": {"worse_than_others": True, "false_alarms": 0.01}}
ABOVE: dict[str, Any] = {"metric": FAILED, "when": {"above": 0.1, "window": "10m", "sample": 50}}


def equally(share: float) -> Share:
    return lambda _: share


def worse_inside(inside: float, outside: float) -> Share:
    return lambda is_inside: inside if is_inside else outside


def test_a_ramp_whose_users_fail_more_than_the_others_is_rolled_back(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(1_000), at=time.now, percentage=50, failing=worse_inside(0.2, 0.05))
    look(time)
    ramp = ramp_of(ed)
    assert (percentage(ed), ramp["status"]) == (0, "rolled_back")
    guardrail, rolled_back = ramp["log"][-2:]
    assert guardrail["text"].startswith(
        "Roll back to 0 % when the share of users with “checkout” who have “checkout-failed” is higher inside than "
        "outside."
    )
    assert guardrail["details"]["figures"]["evidence"] > guardrail["details"]["figures"]["needed"]
    assert (rolled_back["kind"], rolled_back["actor"], rolled_back["percentage_before"]) == (
        "rolled_back",
        "guardrail",
        50,
    )
    last = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]
    assert (last["source"], last["revision"], last["is_emergency"]) == ("guardrail", rolled_back["revision"], True)


def test_a_ramp_whose_users_fail_as_often_as_the_others_goes_on(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(1_000), at=time.now, percentage=50, failing=equally(0.2))
    look(time)
    assert checks(ed)[0][0] == "healthy"
    time.passes("1h")
    look(time)
    assert percentage(ed) == 100


def test_fewer_can_be_what_is_worse(ed: Person, time: Clock, start: Start, users: Users) -> None:
    bought = {"event": "checkout-failed", "per": "checkout", "worse": "fewer"}  # the name does not matter
    start(step(50), guardrails=[{**WORSE, "metric": bought}], watch_for="1h")
    users.check_out(range(1_000), at=time.now, percentage=50, failing=worse_inside(0.1, 0.4))
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back"


def test_a_latency_is_compared_by_who_was_slow(ed: Person, time: Clock, start: Start, users: Users) -> None:
    slow = {"metric": {"event": "checkout", "above": 0.8}, "when": {"worse_than_others": True}, "then": "pause"}
    start(step(50), step(100, after="1h"), guardrails=[slow])
    users.check_out(range(300), at=time.now, percentage=50, failing=equally(0), seconds=equally(0.3))
    look(time)
    assert ramp_of(ed)["status"] == "running"
    users.check_out(
        range(300, 500), at=time.now, percentage=50, failing=equally(0), seconds=lambda inside: 2.0 if inside else 0.3
    )
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("paused", 50)


def test_a_limit_is_held_by_those_inside(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    users.check_out(range(200), at=time.now, percentage=50, failing=worse_inside(0.05, 0.9))
    look(time)
    assert checks(ed)[0][0] == "healthy"
    users.check_out(range(200, 400), at=time.now, percentage=50, failing=worse_inside(0.3, 0))
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back"
    assert told(ed)[-1].startswith("Rolled back to 0 %: ")


def test_a_limit_is_judged_by_the_window_only(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="9h"), guardrails=[ABOVE])
    users.check_out(range(400), at=time.now, percentage=50, failing=equally(0.5))
    time.passes("11m")
    users.check_out(range(400), at=time.now, percentage=50, failing=equally(0.01))
    look(time)
    assert checks(ed)[0][0] == "healthy"


def test_too_small_a_sample_decides_nothing(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="1h"), guardrails=[ABOVE, WORSE])
    users.check_out(range(40), at=time.now, percentage=50, failing=equally(1))
    look(time)
    assert [verdict for verdict, _ in checks(ed)] == ["undecided", "undecided"]
    assert ramp_of(ed)["status"] == "running"


@pytest.mark.parametrize(
    ("action", "status", "share", "enabled"),
    [
        ("rollback", "rolled_back", 0, True),
        ("step_back", "paused", 10, True),
        ("pause", "paused", 50, True),
        ("turn_off", "rolled_back", 0, False),
    ],
)
def test_what_is_done_is_what_was_asked_for(  # noqa: PLR0917 - what was asked for, and what follows
    ed: Person, time: Clock, start: Start, users: Users, action: str, status: str, share: float, enabled: bool
) -> None:
    start(step(10), step(50, after="1h"), step(100, after="1h"), guardrails=[{**ABOVE, "then": action}])
    time.passes("1h")
    look(time)
    users.check_out(range(400), at=time.now, percentage=50, failing=equally(0.5))
    look(time)
    flag = ed.client().get(f"/flags/checkout{PRODUCTION}").json()
    assert (ramp_of(ed)["status"], flag["rollout_percentage"], flag["enabled"]) == (status, share, enabled)
    for _ in range(3):
        look(time)
    assert [each["kind"] for each in ramp_of(ed)["log"]].count("guardrail") == 1, "it is said once"


def test_users_inside_who_are_lost_on_the_way_pause_the_ramp(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    """Where the page inside does not even open, few of those inside report anything: that is no health."""
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    events = []
    for number in range(2_000):
        name = f"user-{number}"
        if not _inside(name) or number % 3 == 0:
            events.append(event("checkout", name, time.now))
    users.report(events)
    look(time)
    ramp = ramp_of(ed)
    assert (ramp["status"], percentage(ed), checks(ed)[0][0]) == ("paused", 50, "mismatched")
    assert "are inside" in ramp["reason"]


def _inside(name: str) -> bool:
    return bucket("pepper", "rollout", name) < 50_000


def test_a_paused_ramp_is_still_watched(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    do(ed, "pause")
    users.check_out(range(1_000), at=time.now, percentage=50, failing=worse_inside(0.2, 0.05))
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0)


def test_events_of_before_the_ramp_and_of_other_environments_count_for_nothing(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    users.check_out(range(1_000), at=time.now, percentage=50, failing=worse_inside(0.9, 0))
    time.passes("1h")
    start(step(50), step(100, after="1h"), guardrails=[ABOVE, WORSE])
    look(time)
    assert {verdict for verdict, _ in checks(ed)} == {"undecided"}


def test_somebody_who_fails_again_and_again_counts_once(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(400), at=time.now, percentage=50, failing=equally(0.1))
    robot = next(f"robot-{number}" for number in range(99) if _inside(f"robot-{number}"))
    users.report([event(name, robot, time.now) for name in ("checkout", "checkout-failed") for _ in range(2_000)])
    look(time)
    assert ramp_of(ed)["status"] == "running"


def test_no_step_is_taken_while_nobody_looks(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(10), step(50, after="1h"), guardrails=[ABOVE])
    look(time)
    for _ in range(3):
        time.passes("1h")
        assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (10, "guardrail")
    look(time)
    assert percentage(ed) == 50
    assert told(ed)[-2].startswith("Step 2 of 2: 50 %, 2 h")


@override_settings(GUARDRAIL_CHECK_SECONDS=30)
def test_a_guardrail_is_looked_at_as_often_as_is_set(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    assert [time.passes("10s") or look_at_due() for _ in range(6)] == [1, 0, 0, 1, 0, 0]
