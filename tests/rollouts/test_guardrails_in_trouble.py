"""Guardrails when something else goes wrong: nobody looks, the clock is set back, a flag refuses, one of them fails."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from accounts.actors import Actor
from flagsite.lib.problems import Conflict
from rollouts.models import Ramp
from rollouts.services import acting, overriding, stopping
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create
from tests.rollouts.conftest import RAMP, Clock, CountEvaluations, Start, do, percentage, ramp_of, step, told
from tests.rollouts.looking import checks, look, look_at_due
from tests.rollouts.users import Users

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("users")]

FAILED = {"event": "checkout-failed", "per": "checkout"}
ABOVE: dict[str, Any] = {"metric": FAILED, "when": {"above": 0.1, "window": "10m", "sample": 10}}


def half(_: bool) -> float:
    return 0.5


def test_no_step_is_taken_before_somebody_has_looked_at_what_the_last_one_did(
    ed: Person, time: Clock, start: Start
) -> None:
    start(step(10), step(50, after="5s"), step(100, after="5s"), guardrails=[ABOVE])
    for share in (10, 50):
        time.passes("5s")
        assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (share, "guardrail")
        assert look_at_due() == 1, "a step is a reason to look, however short ago the last look was"
        time.passes("0s")
    assert percentage(ed) == 100


def test_guardrails_are_looked_at_when_the_clock_was_set_back(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="3h"), guardrails=[ABOVE])
    assert [time.passes("10s") or look_at_due(), look_at_due()] == [1, 0]
    time.now = time.now.replace(hour=8)
    assert look_at_due() == 1
    assert look_at_due() == 0


def test_a_look_of_before_the_clock_was_set_back_lets_no_step_pass(ed: Person, time: Clock, start: Start) -> None:
    start(step(10, at=time.in_("1s")), step(50, at=time.in_("10s")), guardrails=[ABOVE])
    time.passes("2s")
    time.passes("2h", unattended=True)
    look_at_due()
    time.now = time.now.replace(hour=9, minute=30)
    time.passes("1s")
    assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (10, "guardrail")


def test_a_flag_that_refuses_to_be_rolled_back_is_held_at_the_least(
    ed: Person, time: Clock, start: Start, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Conflict("The flag is being moved to another house.")

    monkeypatch.setattr(acting, "retreat", refuse)
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    users.check_out(range(200), at=time.now, percentage=50, failing=half)
    look(time)
    ramp = ramp_of(ed)
    assert (ramp["status"], checks(ed)[0][0]) == ("paused", "crossed")
    assert ramp["reason"].endswith("That could not be done: The flag is being moved to another house.")


def test_a_guardrail_that_cannot_act_keeps_no_other_from_acting(
    ed: Person, time: Clock, start: Start, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(acting, "step_back", fail)
    start(step(50), step(100, after="1h"), guardrails=[{**ABOVE, "then": "step_back"}, ABOVE])
    users.check_out(range(200), at=time.now, percentage=50, failing=half)
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0)


def test_a_ramp_that_cannot_give_way_does_not_hold_up_the_others(
    ed: Person, time: Clock, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(step(1), step(50, after="1h"))
    create(ed, boolean("search", rollout_percentage=0))
    assert ed.client().post(f"/flags/search/ramp{PRODUCTION}", {"steps": [step(1), step(9, after="1d")]}).status_code

    def fail_for_search(ramp: Ramp, *, by: Actor, reason: str) -> None:
        if ramp.state.flag.key == "search":
            raise RuntimeError("a mistake of ours")
        stopping.pause(ramp, by=by, reason=reason)

    monkeypatch.setattr(overriding, "pause", fail_for_search)
    change(ed, "search", rollout_percentage=3)
    time.passes("1h")
    assert percentage(ed) == 50


def test_a_step_says_which_guardrails_could_not_judge_the_one_before(
    ed: Person, time: Clock, start: Start, users: Users
) -> None:
    other = {"metric": {"event": "page-lost", "per": "page"}, "when": {"worse_than_others": True}}
    start(step(50), step(100, after="1h"), guardrails=[ABOVE, other])
    time.passes("1h", unattended=True)
    users.check_out(range(200), at=time.now, percentage=50, failing=lambda _: 0.0)
    look(time)
    assert told(ed)[-2] == "Step 2 of 2: 100 %; guardrail 2 had too little to judge by"


def test_nobody_is_late_for_a_step_that_was_asked_for_just_now_or_for_one_back(
    ed: Person, time: Clock, start: Start
) -> None:
    start(step(1), step(10, after="1h"), step(50, after="1d"), step(100, after="1d"))
    time.passes("1h")
    time.passes("25h", unattended=True)
    do(ed, "advance", step=1)
    assert told(ed)[-1] == "Back to step 1 of 4: 1 %"
    time.passes("50m")
    ed.client().patch(RAMP, {"steps": [step(20, after="10m"), step(100, after="1d")]})
    time.passes("0s")
    time.passes("10m")
    assert told(ed)[-1] == "Step 2 of 3: 20 %"


def test_waiting_for_evaluations_is_nobody_s_lateness(
    ed: Person, time: Clock, start: Start, count_evaluations: CountEvaluations
) -> None:
    def late_seconds() -> float:
        return REGISTRY.get_sample_value("flagsite_ramp_step_late_seconds_sum") or 0.0

    start(step(1), step(50, after="1h", min_evaluations=10))
    before = late_seconds()
    time.passes("6h")
    count_evaluations(10)
    time.passes("10s")
    assert percentage(ed) == 50
    assert late_seconds() - before == pytest.approx(10)
    assert told(ed)[-2] == "Step 2 of 2: 50 %"
