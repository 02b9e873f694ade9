"""A ramp's page in the admin: what it shows, what its buttons do, and for whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment
from accounts.services import update_environment
from flags.models import EvaluationCount, Flag
from flagsite.lib import clock
from rollouts.admin.guardrail_cards import MAX_LOOKS
from rollouts.models import Guardrail, Occurrence, Ramp, Verdict
from rollouts.services import advance_due, change_ramp
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import state_of
from tests.rollouts.admin_ramps import FAILING, SLOW, looked, ramp_of, text_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

PAGE, LIVE = "rollouts_ramp_change", "rollouts_ramp_live"


def do(desk: Desk, ramp: Ramp, what: str, **data: Any) -> Ramp:
    answer = desk.post(f"rollouts_ramp_{what}", ramp.pk, version=ramp.version, **data)
    assert answer.status_code == 302, answer.status_code
    return Ramp.objects.get(pk=ramp.pk)


def percentage(flag: Flag, environment: Environment) -> float:
    return float(state_of(flag, environment).rollout_percentage)


# --- what it shows -----------------------------------------------------------------------------------------------


def test_the_page_says_where_the_ramp_stands_and_what_is_next(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, comment="It is time")
    page = text_of(desk.open(ramp))
    for words in ("Ramp of sale", "Running", "At 1 %, step 1 of 3.", "Next: 50 % at", "in 1 h", "It is time"):
        assert words in page
    item = state_of(sale, ramp.state.environment).environment.revision
    assert f"Revision {item}</a>" in page


def test_the_page_says_what_the_next_step_waits_for(desk: Desk, sale: Flag, production: Environment) -> None:
    steps = [{"percentage": 1}, {"percentage": 50, "min_evaluations": 2_000, "needs_confirmation": True}]
    ramp = ramp_of(sale, steps=steps)
    Ramp.objects.filter(pk=ramp.pk).update(stepped_at=clock.now() - timedelta(minutes=10))
    minute = (clock.now() - timedelta(minutes=5)).replace(second=0, microsecond=0)
    EvaluationCount.objects.create(environment=production, flag_key="sale", variation="on", minute=minute, count=1_234)
    page = text_of(desk.open(ramp))
    assert "Next: 50 % after 2,000 evaluations (1,234 so far) and when somebody says so." in page


def test_the_page_says_that_a_step_waits_for_its_guardrails(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, steps=[{"percentage": 1}, {"percentage": 50, "after": "1m"}], guardrails=[FAILING])
    past = clock.now() - timedelta(minutes=10)
    Ramp.objects.filter(pk=ramp.pk).update(stepped_at=past, due_at=past)
    assert advance_due() == 0
    assert "Next: 50 % when every guardrail has an answer." in text_of(desk.open(ramp))


def test_steps_are_told_by_what_became_of_them(desk: Desk, sale: Flag) -> None:
    steps = [{"percentage": share, "after": "1h"} for share in (1, 2, 3, 4, 5)]
    ramp = ramp_of(sale, steps=[{"percentage": 0.5}, *steps])
    ramp = do(desk, ramp, "advance", step=4)
    stops = desk.open(ramp).context["stops"]
    assert [stop.word for stop in stops] == ["Taken", "Passed over", "Passed over", "Now", "Next", "To come"]
    assert all(bool(stop.address) == bool(stop.revision) for stop in stops)


def test_a_guardrail_is_a_sentence_a_verdict_a_chart_and_a_table(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[FAILING, SLOW])
    compared, limited = Guardrail.objects.all()
    for number in range(3):
        at = clock.now() - timedelta(minutes=3 - number)
        sides = {"inside": {"bad": 4, "of": 100, "share": 0.04}, "outside": {"bad": 2, "of": 200, "share": 0.01}}
        ratio = {"low": 0.5, "estimate": 3.9, "high": None}
        looked(
            compared, Verdict.HEALTHY, "No more than chance.", at=at, **sides, evidence=20.0, needed=400.0, ratio=ratio
        )
        looked(limited, Verdict.SILENT, "It is away.", at=at)
    page = text_of(desk.open(ramp))
    for words in (
        "Roll back to 0 % when the error rate is higher inside than outside.",
        "Healthy",
        "No more than chance.",
        "20 of the 400 that an alarm takes",
        "Pause when the share of users with a “checkout-seconds” above 0.8 is",
        "No answer",
        "4 of 100 (4 %)",
        "3.9 (from 0.5 to no limit)",
    ):
        assert words in page
    cards = desk.open(ramp).context["guardrails"]
    assert 49 < cards[0].evidence < 51  # on a logarithmic scale half of the way
    assert "The same as outside" in cards[0].chart
    assert "The limit" in cards[1].chart


def test_the_step_that_is_offered_first_is_the_next(desk: Desk, sale: Flag) -> None:
    ramp = do(desk, ramp_of(sale), "advance")
    assert '<option value="3" selected>Step 3: 100 %</option>' in text_of(desk.open(ramp))


def test_nothing_that_was_not_looked_at_is_called_healthy(desk: Desk, sale: Flag) -> None:
    page = text_of(desk.open(ramp_of(sale, guardrails=[FAILING])))
    assert "Not looked at yet" in page
    assert "Healthy" not in page


def test_a_chart_of_many_looks_is_thinned_out_and_keeps_the_newest(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[SLOW])
    guardrail = Guardrail.objects.get()
    for number in range(3 * MAX_LOOKS):
        looked(guardrail, Verdict.HEALTHY, f"Look {number}", at=clock.now() - timedelta(minutes=3 * MAX_LOOKS - number))
    (card,) = desk.open(ramp).context["guardrails"]
    assert card.chart.count(":") < 10 * MAX_LOOKS
    assert card.last.text == f"Look {3 * MAX_LOOKS - 1}"


def test_the_log_tells_what_happened_by_whom(desk: Desk, sale: Flag) -> None:
    ramp = do(desk, ramp_of(sale), "pause", comment="Lunch")
    page = text_of(desk.open(ramp))
    for words in ("Started: 1 % → 50 % → 100 %", "Step 1 of 3: 1 %", "Paused: Lunch"):
        assert words in page


def test_what_renews_itself_is_the_same_as_what_the_page_shows(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[FAILING])
    part = text_of(desk.get(LIVE, ramp.pk))
    assert "<html" not in part
    assert "At 1 %, step 1 of 3." in part
    assert "data-live" in part
    assert "data-live" not in text_of(desk.get(LIVE, do(desk, ramp, "stop").pk))  # nothing will happen any more


def test_a_page_costs_the_same_however_much_has_happened(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[FAILING, SLOW])
    desk.open(ramp)
    costs = []
    for number in (3, 300):
        for guardrail in Guardrail.objects.all():
            for past in range(number):
                looked(guardrail, Verdict.HEALTHY, "Well", at=clock.now() - timedelta(minutes=past))
        Occurrence.objects.bulk_create(
            Occurrence(ramp=ramp, kind="changed", at=clock.now(), actor_label="ed", text="Changed")
            for _ in range(number)
        )
        with CaptureQueriesContext(connection) as captured:
            desk.open(ramp)
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 20


# --- what its buttons do -----------------------------------------------------------------------------------------


def test_pause_and_resume(desk: Desk, sale: Flag) -> None:
    ramp = do(desk, ramp_of(sale), "pause", comment="Lunch")
    assert (ramp.status, ramp.reason) == (Ramp.Status.PAUSED, "Lunch")
    assert do(desk, ramp, "resume").status == Ramp.Status.RUNNING


def test_the_next_step_is_taken_now_or_any_other(desk: Desk, sale: Flag, production: Environment) -> None:
    ramp = do(desk, ramp_of(sale), "advance")
    assert percentage(sale, production) == 50
    ramp = do(desk, ramp, "advance", step=1)
    assert percentage(sale, production) == 1
    do(desk, ramp, "advance", step=3)
    assert percentage(sale, production) == 100


def test_stop_leaves_it_and_roll_back_undoes_it(desk: Desk, sale: Flag, production: Environment) -> None:
    assert do(desk, ramp_of(sale), "stop", comment="Enough").status == Ramp.Status.STOPPED
    assert percentage(sale, production) == 1
    assert do(desk, ramp_of(sale), "roll_back", comment="It hurts").status == Ramp.Status.ROLLED_BACK
    assert percentage(sale, production) == 0


def test_a_step_is_not_taken_on_a_page_that_is_out_of_date_but_a_roll_back_is(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    ramp = ramp_of(sale)
    do(desk, ramp, "advance")
    with nothing_changes():
        answer = desk.post("rollouts_ramp_advance", ramp.pk, version=ramp.version)  # pressed twice
    assert "read it again" in text_of(desk.client.get(answer.headers["Location"]))
    desk.post("rollouts_ramp_roll_back", ramp.pk, version=ramp.version)
    assert percentage(sale, production) == 0


def test_what_cannot_be_done_is_said_on_the_page(desk: Desk, sale: Flag) -> None:
    ramp = do(desk, ramp_of(sale), "stop")
    with nothing_changes():
        answer = desk.post("rollouts_ramp_pause", ramp.pk)
    assert "The ramp is stopped since" in text_of(desk.client.get(answer.headers["Location"]))


def test_somebody_else_approves_and_nobody_their_own(
    ed: Person, ada: Person, sale: Flag, production: Environment
) -> None:
    update_environment(production, by=SYSTEM, name="Production", position=2, is_protected=False, requires_approval=True)
    ramp, own, other = ramp_of(sale, by=ed.actor), Desk(ed), Desk(ada)
    assert "Somebody else has to approve it." in text_of(own.open(ramp))
    assert "Approve this ramp" not in text_of(own.open(ramp))
    with nothing_changes():
        assert own.post("rollouts_ramp_approve", ramp.pk, version=ramp.version).status_code == 403
    assert "Approve this ramp" in text_of(other.open(ramp))
    assert do(other, ramp, "approve").approved_by == "ada"
    assert percentage(sale, production) == 1


OFFERED = {
    Ramp.Status.RUNNING: {"pause", "advance", "stop", "roll_back"},
    Ramp.Status.PAUSED: {"resume", "stop", "roll_back"},
    Ramp.Status.STOPPED: set(),
    Ramp.Status.ROLLED_BACK: set(),
}


def test_only_what_can_be_done_is_offered(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    for what, status in (("", "running"), ("pause", "paused"), ("roll_back", "rolled_back")):
        ramp = do(desk, ramp, what) if what else ramp
        page = text_of(desk.open(ramp))
        names = ("pause", "resume", "advance", "stop", "roll_back", "approve")
        offered = {name for name in names if f'action="/admin/rollouts/ramp/{ramp.pk}/{name}/"' in page}
        assert offered == OFFERED[Ramp.Status(status)]


def test_a_ramp_that_was_changed_after_it_began_can_be_rolled_back_while_it_waits_for_approval(
    desk: Desk, ada: Person, sale: Flag, production: Environment
) -> None:
    ramp = ramp_of(sale)
    update_environment(production, by=SYSTEM, name="Production", position=2, is_protected=False, requires_approval=True)
    change_ramp(ramp, by=ada.actor, watch_for=timedelta(hours=1))
    assert "Yes, roll back to 0 % now" in text_of(desk.open(ramp))
    assert do(desk, ramp, "roll_back").status == Ramp.Status.ROLLED_BACK


# --- for whom ----------------------------------------------------------------------------------------------------


def test_a_viewer_sees_all_of_it_and_is_offered_nothing(vi: Person, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[FAILING])
    desk = Desk(vi)
    page = text_of(desk.open(ramp))
    assert "At 1 %, step 1 of 3." in page
    assert "error rate" in page
    assert f"/admin/rollouts/ramp/{ramp.pk}/pause/" not in page
    assert f"/admin/rollouts/ramp/{ramp.pk}/edit/" not in page
    with nothing_changes():
        for what in ("pause", "resume", "advance", "stop", "roll_back", "approve"):
            assert desk.post(f"rollouts_ramp_{what}", ramp.pk).status_code == 403


def test_a_stranger_finds_nothing(otto: Person, sale: Flag) -> None:
    ramp = ramp_of(sale)
    desk = Desk(otto)
    assert desk.get(PAGE, ramp.pk).headers["Location"] == "/admin/"
    assert desk.get(LIVE, ramp.pk).status_code == 404
    with nothing_changes():
        assert desk.post("rollouts_ramp_roll_back", ramp.pk).status_code == 404


def test_an_address_of_nothing_is_not_found(desk: Desk) -> None:
    for nonsense in ("999999", "x", "9" * 40):
        assert desk.client.get(f"/admin/rollouts/ramp/{nonsense}/change/").status_code == 302
