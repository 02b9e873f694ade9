"""A ramp takes its steps when they are due, one revision each, and can be steered by hand."""

from typing import Any

import pytest

from flagsite.lib import clock
from rollouts.models import Ramp
from rollouts.services import moving
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create, equals, rule
from tests.problems import assert_problem
from tests.rollouts.conftest import RAMP, Clock, CountEvaluations, Start, do, percentage, ramp_of, step, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def flag(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=0))


def test_one_per_cent_now_and_half_an_hour_later(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    assert percentage(ed) == 1
    time.passes("59m")
    assert percentage(ed) == 1
    time.passes("1m")
    assert percentage(ed) == 50
    ramp = ramp_of(ed)
    assert (ramp["status"], ramp["next"]) == ("finished", None)
    assert told(ed) == ["Started: 1 % → 50 %", "Step 1 of 2: 1 %", "Step 2 of 2: 50 %", "Finished at 50 %"]


def test_steps_at_moments_are_taken_at_them(ed: Person, time: Clock, start: Start) -> None:
    ramp = start(step(1, at=time.in_("1h")), step(50, at=time.in_("2h")))
    assert (percentage(ed), ramp["percentage"], ramp["next"]["waits_for"]) == (0, None, "time")
    for minutes, expected in (("59m", 0), ("1m", 1), ("59m", 1), ("1m", 50)):
        time.passes(minutes)
        assert percentage(ed) == expected


def test_each_step_is_an_ordinary_revision_by_the_ramp(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"), comment="New checkout")
    time.passes("1h")
    steps = ramp_of(ed)["steps"]
    history = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"]
    assert [(each["actor"], each["source"], each["comment"]) for each in history[:2]] == [
        ("ramp of ed", "ramp", "Step 2 of 2: 50 %"),
        ("ramp of ed", "ramp", "Step 1 of 2: 1 %"),
    ]
    assert [each["revision"] for each in steps] == [each["revision"] for each in reversed(history[:2])]


def test_looking_again_takes_no_step_twice(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(10, after="1h"), step(50, after="1h"))
    assert [time.passes("1h"), time.passes("0s"), time.passes("0s")] == [1, 0, 0]
    assert percentage(ed) == 10


def test_a_rule_is_ramped_and_the_rest_of_the_flag_stays(ed: Person, time: Clock, start: Start) -> None:
    change(ed, "checkout", rules=[rule(equals("plan", "pro"), name="Paying"), rule(equals("country", "US"))])
    before = ed.client().get(f"/flags/checkout{PRODUCTION}").json()
    start(step(1), step(50, after="1h"), rule="paying")
    time.passes("1h")
    after = ed.client().get(f"/flags/checkout{PRODUCTION}").json()
    assert after["rules"] == [{**before["rules"][0], "rollout_percentage": 50}, before["rules"][1]]
    assert after["rollout_percentage"] == 0


def test_a_flag_that_is_off_is_turned_on_with_the_first_step(ed: Person, start: Start) -> None:
    change(ed, "checkout", enabled=False, rollout_percentage=100)
    refused = ed.client().post(RAMP, {"steps": [step(1)]})
    assert_problem(refused, 400, "INVALID", "turn_on")
    start(step(1), turn_on=True)
    found = ed.client().get(f"/flags/checkout{PRODUCTION}").json()
    assert (found["enabled"], found["rollout_percentage"]) == (True, 1)


def test_steps_overdue_at_their_moments_are_caught_up_in_one(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), *(step(share, at=time.in_(f"{hour}h")) for hour, share in enumerate((10, 25, 50, 100), start=1)))
    before = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]["revision"]
    time.passes("200m", unattended=True)  # past three of them
    time.passes("0s")
    ramp = ramp_of(ed)
    assert (percentage(ed), [each["outcome"] for each in ramp["steps"]]) == (
        50,
        ["taken", "skipped", "skipped", "taken", "pending"],
    )
    assert ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]["revision"] == before + 1
    assert told(ed)[-1] == "Step 4 of 5: 50 %, 2 h 20 min late"


def test_after_an_outage_delays_begin_anew_so_that_people_are_watched(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(10, after="1h"), step(100, after="1h"))
    time.passes("10h", unattended=True)
    time.passes("0s")
    assert percentage(ed) == 10
    time.passes("59m")
    assert percentage(ed) == 10
    time.passes("1m")
    assert percentage(ed) == 100


def test_a_step_in_time_says_nothing_of_being_late(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(10, after="1h"))
    time.passes("60m", unattended=True)
    time.passes("60s")
    assert told(ed)[-2] == "Step 2 of 2: 10 %"


def test_catching_up_passes_no_step_that_waits_for_a_person(ed: Person, time: Clock, start: Start) -> None:
    start(
        step(1),
        step(10, at=time.in_("1h")),
        step(50, at=time.in_("2h"), needs_confirmation=True),
        step(100, at=time.in_("3h")),
    )
    time.passes("9h")
    assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (10, "confirmation")
    do(ed, "advance", comment="Support is quiet")
    assert percentage(ed) == 50
    time.passes("0s")
    assert percentage(ed) == 100


def test_a_step_waits_for_evaluations(
    ed: Person, time: Clock, start: Start, count_evaluations: CountEvaluations
) -> None:
    start(step(1), step(50, after="1h", min_evaluations=1_000))
    time.passes("2h")
    assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (1, "evaluations")
    count_evaluations(999)
    time.passes("1m")
    assert percentage(ed) == 1
    count_evaluations(1)
    time.passes("1m")
    assert percentage(ed) == 50


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"rollout_percentage": 30}, "The default rule was set to 30 % by hand, by ed in revision"),
        ({"enabled": False}, "The flag was turned off, by ed in revision"),
    ],
)
def test_a_change_by_hand_pauses_the_ramp_and_is_kept(
    ed: Person, time: Clock, start: Start, fields: dict[str, Any], reason: str
) -> None:
    start(step(1), step(50, after="1h"))
    changed = change(ed, "checkout", **fields)
    time.passes("1h")
    ramp = ramp_of(ed)
    assert (ramp["status"], ramp["next"]) == ("paused", None)
    assert ramp["reason"].startswith(reason)
    assert percentage(ed) == changed["rollout_percentage"]


def test_a_rule_that_is_gone_pauses_the_ramp(ed: Person, time: Clock, start: Start) -> None:
    change(ed, "checkout", rules=[rule(equals("plan", "pro"), name="Paying")])
    start(step(1), step(50, after="1h"), rule="paying")
    change(ed, "checkout", rules=[])
    time.passes("1m")
    assert ramp_of(ed)["reason"].startswith("The rule was removed, by ed in revision")
    assert_problem(ed.client().post(f"/flags/checkout/ramp/resume{PRODUCTION}"), 400, "INVALID", "rule")


def test_other_changes_of_the_flag_do_not_disturb_it(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    change(ed, "checkout", rules=[rule(equals("country", "US"))], name="Check-out")
    time.passes("1h")
    assert (percentage(ed), ramp_of(ed)["status"]) == (50, "finished")


def test_a_resumed_ramp_takes_over_what_was_set_by_hand(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(10, after="1h"), step(50, after="1h"))
    change(ed, "checkout", rollout_percentage=20)
    time.passes("1m")
    resumed = do(ed, "resume")
    assert (resumed["status"], resumed["next"]["percentage"]) == ("running", 50)
    time.passes("59m")
    assert percentage(ed) == 20
    time.passes("1m")
    assert percentage(ed) == 50


def test_a_paused_ramp_takes_no_step_and_nobody_loses_anything(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    assert do(ed, "pause", comment="Friday")["reason"] == "Friday"
    time.passes("9h")
    assert percentage(ed) == 1
    do(ed, "resume")
    time.passes("1h")
    assert percentage(ed) == 50


def test_jumping_forward_and_back(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(10, after="1h"), step(50, after="1h"), step(100, after="1h"))
    assert [each["outcome"] for each in do(ed, "advance", step=3)["steps"]] == ["taken", "skipped", "taken", "pending"]
    assert percentage(ed) == 50
    assert [each["outcome"] for each in do(ed, "advance", step=2)["steps"]] == ["taken", "taken", "pending", "pending"]
    assert percentage(ed) == 10
    time.passes("1h")
    assert percentage(ed) == 50


def test_rolling_back_lets_nobody_in_at_once(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    ramp = do(ed, "rollback", comment="Errors in the shop")
    assert (percentage(ed), ramp["status"]) == (0, "rolled_back")
    time.passes("9h")
    assert percentage(ed) == 0
    last = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]
    assert (last["actor"], last["comment"]) == ("ed", "Rolled back to 0 %: Errors in the shop")


def test_stopping_leaves_everybody_where_they_are(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    assert ed.client().delete(RAMP).status_code == 204
    time.passes("9h")
    assert (percentage(ed), ramp_of(ed)["status"]) == (1, "stopped")
    assert_problem(ed.client().delete(RAMP), 409, "WRONG_MOMENT")


def test_the_steps_to_come_can_be_changed(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    response = ed.client().patch(RAMP, {"steps": [step(5, after="30m"), step(100, after="1d")]})
    assert [each["percentage"] for each in response.json()["steps"]] == [1, 5, 100]
    time.passes("30m")
    assert percentage(ed) == 5
    refused = ed.client().patch(RAMP, {"steps": [step(5, after="1h")]})
    assert_problem(refused, 400, "INVALID", "steps[0].percentage")


def test_one_ramp_at_a_time(ed: Person, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    assert_problem(ed.client().post(RAMP, {"steps": [step(5)]}), 409, "RAMP_IN_THE_WAY")
    ed.client().delete(RAMP)
    start(step(5))


def test_a_ramp_with_a_time_to_watch_is_finished_after_it(ed: Person, time: Clock, start: Start) -> None:
    start(step(100), watch_for="2h")
    time.passes("119m")
    assert ramp_of(ed)["status"] == "running"
    time.passes("1m")
    assert ramp_of(ed)["status"] == "finished"


def test_a_stale_version_changes_nothing(ed: Person, start: Start) -> None:
    ramp = start(step(1), step(50, after="1h"))
    pause = f"/flags/checkout/ramp/pause{PRODUCTION}"
    seen = f'"{ramp["version"]}"'
    assert_problem(ed.client().post(pause, headers={"If-Match": '"99"'}), 412, "STALE_VERSION")
    assert ed.client().post(pause, headers={"If-Match": seen}).status_code == 200


def test_a_deleted_flag_takes_its_ramp_with_it(ed: Person, time: Clock, start: Start) -> None:
    start(step(1), step(50, after="1h"))
    assert ed.client().delete(f"/flags/checkout{PRODUCTION}").status_code == 204
    assert time.passes("1h") == 0


def test_a_ramp_that_cannot_be_moved_does_not_hold_up_the_others(
    ed: Person, time: Clock, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(step(1), step(50, after="1h"))
    create(ed, boolean("search", rollout_percentage=0))
    steps = [step(1), step(50, after="1h")]
    assert ed.client().post(f"/flags/search/ramp{PRODUCTION}", {"steps": steps}).status_code == 201
    take = moving.take_step

    def fail_for_search(ramp: Ramp, place: int, **rest: Any) -> None:
        if ramp.state.flag.key == "search":
            raise RuntimeError("a mistake of ours")
        take(ramp, place, **rest)

    monkeypatch.setattr(moving, "take_step", fail_for_search)
    assert time.passes("1h") == 1
    assert percentage(ed) == 50
    monkeypatch.undo()
    monkeypatch.setattr(clock, "now", time)
    assert time.passes("0s") == 1
