"""A ramp that is held has people inside: it is watched and undone like any other, and knows what is done by hand."""

import re
from typing import Any

import pytest

from accounts.models import Environment
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, change, equals, rule
from tests.problems import assert_problem
from tests.rollouts.conftest import RAMP, Clock, Start, do, percentage, ramp_of, step, told
from tests.rollouts.looking import checks, look
from tests.rollouts.users import Users

pytestmark = pytest.mark.django_db

FAILED = {"event": "checkout-failed", "per": "checkout"}
WORSE: dict[str, Any] = {"metric": FAILED, "when": {"worse_than_others": True}}
ABOVE: dict[str, Any] = {"metric": FAILED, "when": {"above": 0.1, "window": "10m", "sample": 10}}


@pytest.fixture
def _two_persons(production: Environment, users: Users) -> None:
    production.requires_approval = True
    production.save(update_fields=["requires_approval"])


def worse_inside(is_inside: bool) -> float:
    return 0.4 if is_inside else 0.02


def everybody(_: bool) -> float:
    return 0.5


def changed_at_half(ed: Person, ada: Person, start: Start, *guardrails: dict[str, Any]) -> None:
    """Take a ramp to 50 %, and change it, so that it waits for another approval."""
    start(step(10), step(50, after="1h"), step(100, after="1h"), guardrails=list(guardrails))
    do(ada, "approve")
    do(ed, "advance")
    response = ed.client().patch(RAMP, {"steps": [step(90, after="1h")]})
    assert response.json()["status"] == "awaiting_approval"


@pytest.mark.usefixtures("_two_persons")
def test_a_ramp_that_waits_for_another_approval_is_still_watched(
    ed: Person, ada: Person, time: Clock, start: Start, users: Users
) -> None:
    changed_at_half(ed, ada, start, WORSE)
    users.check_out(range(600), at=time.now, percentage=50, failing=worse_inside)
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0)


@pytest.mark.usefixtures("_two_persons")
def test_a_ramp_that_waits_for_another_approval_can_be_rolled_back(
    ed: Person, ada: Person, start: Start, users: Users
) -> None:
    changed_at_half(ed, ada, start)
    assert (do(ed, "rollback")["status"], percentage(ed)) == ("rolled_back", 0)


@pytest.mark.usefixtures("_two_persons", "users")
def test_of_a_ramp_that_was_never_approved_there_is_nothing_to_roll_back(ed: Person, start: Start) -> None:
    start(step(10))
    refused = ed.client().post(f"/flags/checkout/ramp/rollback{PRODUCTION}")
    assert_problem(refused, 409, "WRONG_MOMENT")
    refused = ed.client().post(f"/flags/checkout/ramp/pause{PRODUCTION}")
    assert refused.json()["detail"] == "The ramp waits for approval: this cannot be done with it now."


@pytest.mark.usefixtures("_two_persons")
def test_a_guardrail_that_steps_back_leaves_the_approval_to_be_waited_for(
    ed: Person, ada: Person, time: Clock, start: Start, users: Users
) -> None:
    """Else the one who changed the ramp could resume it, with steps that nobody has approved."""
    changed_at_half(ed, ada, start, {**ABOVE, "then": "step_back"})
    users.check_out(range(200), at=time.now, percentage=50, failing=everybody)
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("awaiting_approval", 10)
    assert_problem(ed.client().post(f"/flags/checkout/ramp/resume{PRODUCTION}"), 409, "WRONG_MOMENT")


@pytest.mark.usefixtures("_two_persons")
def test_a_flag_that_was_turned_off_meanwhile_is_not_moved_by_an_approval(
    ed: Person, ada: Person, time: Clock, start: Start
) -> None:
    start(step(10), step(50, after="1h"))
    do(ada, "approve")
    ed.client().patch(RAMP, {"steps": [step(90, at=time.in_("1h"))]})
    assert ed.client().post(f"/flags/checkout/turn-off{PRODUCTION}", {}).status_code == 200
    time.passes("2h")
    do(ada, "approve")
    time.passes("1s")
    ramp = ramp_of(ed)
    assert (percentage(ed), ramp["status"]) == (10, "paused")
    assert ramp["reason"].startswith("The flag was turned off, by ed in revision")


@pytest.mark.parametrize(("by_hand", "left"), [(30, 10), (5, 0)])
def test_stepping_back_lets_nobody_in(  # noqa: PLR0917 - what is set by hand, and what is left
    ed: Person, time: Clock, start: Start, users: Users, by_hand: float, left: float
) -> None:
    start(step(10), step(50, after="1h"), step(100, after="1h"), guardrails=[{**ABOVE, "then": "step_back"}])
    do(ed, "advance")
    do(ed, "pause")
    change(ed, "checkout", rollout_percentage=by_hand)
    time.passes("1s")
    users.check_out(range(800), at=time.now, percentage=by_hand, failing=everybody)
    look(time)
    assert percentage(ed) == left


def test_what_is_changed_by_hand_while_a_ramp_is_held_is_put_down_once(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(10), step(50, after="1h"))
    do(ed, "pause")
    change(ed, "checkout", rollout_percentage=30)
    for _ in range(3):
        time.passes("1s")
    change(ed, "checkout", enabled=False)
    for _ in range(3):
        time.passes("1s")
    assert [re.sub(r"\d+\.$", "N.", each) for each in told(ed)[-2:]] == [
        "The default rule was changed by hand and lets in 30 %, by ed in revision N.",
        "The flag was turned off, by ed in revision N.",
    ]
    assert [each["percentage"] for each in ramp_of(ed)["log"][-2:]] == [30, 0]


def test_users_are_compared_by_what_was_set_by_hand_while_the_ramp_is_held(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(5), step(100, after="1h"), guardrails=[WORSE])
    do(ed, "pause")
    change(ed, "checkout", rollout_percentage=50)
    time.passes("1s")
    users.check_out(range(600), at=time.now, percentage=50, failing=worse_inside)
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back", "by those who are inside, and were not at the ramp's own 5 %"


def test_a_ramp_whose_rule_is_gone_can_be_rolled_back_and_nobody_is_judged_by_it(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    change(ed, "checkout", rules=[rule(equals("plan", "pro"), name="Paying")])
    start(step(50), step(100, after="1h"), rule="paying", guardrails=[WORSE])
    change(ed, "checkout", rules=[])
    time.passes("1s")
    users.check_out(range(600), at=time.now, percentage=50, failing=worse_inside)
    look(time)
    assert (ramp_of(ed)["status"], checks(ed)[0]) == ("paused", ("undecided", "Nobody is inside."))
    assert do(ed, "rollback")["status"] == "rolled_back"


def test_a_ramp_that_was_put_before_its_first_step_by_hand_is_watched_on(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(30), step(50, after="1h"), guardrails=[WORSE])
    change(ed, "checkout", rollout_percentage=20)
    time.passes("1s")
    change(ed, "checkout", rollout_percentage=25)
    resumed = do(ed, "resume")
    assert resumed["next"]["step"] == 1
    users.check_out(range(800), at=time.now, percentage=25, failing=worse_inside)
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0)


def test_a_ramp_is_stopped_where_the_flag_stands(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(10), step(50, after="1h"))
    do(ed, "pause")
    change(ed, "checkout", rollout_percentage=30)
    assert ed.client().delete(RAMP).status_code == 204
    last = ramp_of(ed)["log"][-1]
    assert (last["text"], last["percentage"]) == ("Stopped at 30 %", 30)


def test_a_change_of_what_buckets_are_made_of_pauses_the_ramp(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(10), step(50, after="1h"))
    change(ed, "checkout", salt="paprika")
    time.passes("1s")
    ramp = ramp_of(ed)
    assert ramp["status"] == "paused"
    assert ramp["reason"].startswith("What its buckets are made of was changed, and everybody falls anew, by ed in")
    do(ed, "resume")
    time.passes("1h")
    assert percentage(ed) == 50


def test_a_ramp_that_events_cannot_be_compared_by_any_more_is_not_resumed(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    split = [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]
    change(ed, "checkout", fallthrough={"split": split, "bucket_by": "company"})
    time.passes("1s")
    look(time)
    assert checks(ed)[0] == ("undecided", "Users are inside by their `company`; events carry their id.")
    refused = ed.client().post(f"/flags/checkout/ramp/resume{PRODUCTION}")
    assert_problem(refused, 400, "INVALID", "guardrails[0].metric")


def test_a_resumed_ramp_says_which_steps_are_still_to_come(ed: Person, time: Clock, start: Start, users: Users) -> None:
    start(step(1), step(10, after="1h"), step(50, after="1h"), step(100, after="1h"))
    for by_hand, outcomes in (
        (50, ["taken", "skipped", "skipped", "pending"]),
        (5, ["taken", "pending", "pending", "pending"]),
    ):
        change(ed, "checkout", rollout_percentage=by_hand)
        time.passes("1s")
        assert [each["outcome"] for each in do(ed, "resume")["steps"]] == outcomes
