"""Ramps on the home page: all that are not over, and those that need somebody; and the list of all of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.models import Flag, FlagState
from flagsite.lib import clock
from rollouts.admin.home import MAX_RAMPS
from rollouts.models import Guardrail, Occurrence, Ramp, Step, Verdict
from rollouts.services import advance_due, pause_ramp, roll_back_ramp, stop_ramp
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import make, set_fields
from tests.flags.test_query_counts import more_flags
from tests.rollouts.admin_ramps import FAILING, SLOW, looked, ramp_of, text_of

pytestmark = pytest.mark.django_db

LIST = "rollouts_ramp"


def home(person: Person) -> Any:
    page = Desk(person).get("index")
    assert page.status_code == 200, page.status_code
    return page


def told(person: Person) -> list[tuple[str, str]]:
    """What needs attention of ramps."""
    about = {"Guardrail", "Ramp paused", "To approve"}
    return [(notice.kind, notice.title) for notice in home(person).context["notices"] if notice.kind in about]


# --- all that are not over ---------------------------------------------------------------------------------------


def test_ramps_that_are_not_over_are_told_with_what_is_next(vi: Person, sale: Flag, shop: Project) -> None:
    ramp_of(sale)
    stop_ramp(ramp_of(make(shop, "other")), by=vi.actor.system("tests"))
    page = home(vi)
    assert [each.ramp.state.flag.key for each in page.context["ramps"]] == ["sale"]
    assert "At 1 %, step 1 of 3. Next: 50 % at" in text_of(page)


def test_a_ramp_is_as_well_as_its_worst_guardrail(vi: Person, sale: Flag) -> None:
    ramp_of(sale, guardrails=[FAILING, SLOW])
    first, second = Guardrail.objects.all()
    for verdicts, words in (
        (("", ""), "Not looked at yet"),
        ((Verdict.HEALTHY, ""), "Not looked at yet"),
        ((Verdict.UNDECIDED, Verdict.HEALTHY), "Too early to tell"),
        ((Verdict.HEALTHY, Verdict.HEALTHY), "Healthy"),
        ((Verdict.HEALTHY, Verdict.SILENT), "No answer"),
        ((Verdict.CROSSED, Verdict.SILENT), "Crossed"),
    ):
        for guardrail, verdict in zip((first, second), verdicts, strict=True):
            if verdict:
                looked(guardrail, Verdict(verdict), "Look", at=clock.now())
        (running,) = home(vi).context["ramps"]
        assert running.look.words == words


def test_a_ramp_without_guardrails_is_not_called_anything(vi: Person, sale: Flag) -> None:
    ramp_of(sale)
    (running,) = home(vi).context["ramps"]
    assert running.look is None


def test_somebody_else_s_ramps_are_not_told(otto: Person, nina: Person, sale: Flag) -> None:
    ramp_of(sale)
    assert home(otto).context["ramps"] == []
    assert "ramps" not in home(nina).context


def test_of_many_ramps_the_next_are_shown_and_the_rest_is_counted(vi: Person, shop: Project) -> None:
    for number in range(MAX_RAMPS + 3):
        ramp_of(make(shop, f"flag-{number}"))
    page = home(vi)
    assert (len(page.context["ramps"]), page.context["more_ramps"]) == (MAX_RAMPS, 3)


# --- those that need somebody ------------------------------------------------------------------------------------


def test_an_approval_is_asked_of_those_who_may_give_it(
    ed: Person, ada: Person, vi: Person, sale: Flag, production: Environment
) -> None:
    Environment.objects.filter(pk=production.pk).update(requires_approval=True)
    ramp_of(sale, by=ed.actor)
    assert told(ada) == [("To approve", "sale in Production")]
    assert told(ed) == told(vi) == []


def test_a_ramp_that_paused_by_itself_is_told_until_somebody_goes_on(vi: Person, sale: Flag, ed: Person) -> None:
    ramp_of(sale)
    set_fields(sale, sale.project.environments.get(key="production"), rollout_percentage=30)
    advance_due()
    assert told(vi) == [("Ramp paused", "sale in Production")]
    assert "was set to 30 % by hand" in text_of(home(vi))
    Desk(ed).post("rollouts_ramp_resume", Ramp.objects.get().pk)
    assert told(vi) == []


def test_a_ramp_that_somebody_paused_needs_nobody(vi: Person, ed: Person, sale: Flag) -> None:
    pause_ramp(ramp_of(sale), by=ed.actor)
    assert told(vi) == []


def test_a_guardrail_that_fired_is_told_for_some_days(
    vi: Person, ed: Person, sale: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    ramp = ramp_of(sale)
    text = "Roll back to 0 % when the error rate is higher. It is."
    for _ in range(2):  # it is told once
        Occurrence.objects.create(ramp=ramp, kind="guardrail", at=clock.now(), actor_label="guardrail", text=text)
    roll_back_ramp(ramp, by=ed.actor)
    assert told(vi) == [("Guardrail", "sale in Production")]
    later = clock.now() + timedelta(days=3, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert told(vi) == []


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_tells_of_every_ramp_where_it_stands(vi: Person, sale: Flag) -> None:
    roll_back_ramp(ramp_of(sale, environment="staging", turn_on=True), by=vi.actor.system("tests"), comment="It hurts")
    ramp_of(sale)
    page = text_of(Desk(vi).get("rollouts_ramp_changelist"))
    assert "just now" in page
    assert "0 minutes ago" not in page.replace("\xa0", " ")
    for words in ("Rolled back", "It hurts", "Running", "50 % at", "Shop / Production", "Shop / Staging"):
        assert words in page


def test_the_list_is_narrowed_down(vi: Person, sale: Flag, shop: Project) -> None:
    first, second = ramp_of(sale), ramp_of(make(shop, "other"), environment="staging", turn_on=True)
    stop_ramp(second, by=vi.actor.system("tests"))
    desk = Desk(vi)
    for query, found in (
        ({"status__exact": "running"}, [first]),
        ({"environment": "staging"}, [second]),
        ({"project": "shop"}, [second, first]),
        ({"project": "elsewhere"}, []),
        ({"q": "oth"}, [second]),
    ):
        assert desk.rows(LIST, **query) == found


def test_somebody_else_s_list_is_empty(otto: Person, sale: Flag) -> None:
    ramp_of(sale)
    assert Desk(otto).rows(LIST) == []


def more_ramps(project: Project, number: int) -> None:
    """Add running ramps by rows, with two steps and a guardrail each."""
    more_flags(project, number)
    states = FlagState.objects.filter(environment__key="production", ramps=None)
    common: dict[str, Any] = {"status": "running", "percentage_before": 0, "percentage": 1, "position": 0}
    common |= {"stepped_at": clock.now(), "started_at": clock.now(), "author_label": "ed"}
    ramps = Ramp.objects.bulk_create(Ramp(state=state, **common) for state in states)
    for position, share in enumerate((1, 100)):
        delay = timedelta(hours=1)
        Step.objects.bulk_create(Step(ramp=ramp, position=position, percentage=share, after=delay) for ramp in ramps)
    Guardrail.objects.bulk_create(Guardrail(ramp=ramp, position=0, document=SLOW) for ramp in ramps)


def test_list_and_home_cost_the_same_for_three_ramps_and_for_many(vi: Person, shop: Project) -> None:
    desk, costs = Desk(vi), []
    desk.get("index")
    for number in (3, 197):
        more_ramps(shop, number)
        with CaptureQueriesContext(connection) as listed:
            assert len(desk.rows(LIST)) == min(50, Ramp.objects.count())
        with CaptureQueriesContext(connection) as at_home:
            desk.get("index")
        costs.append((len(listed), len(at_home)))
    (few, few_at_home), (many, many_at_home) = costs
    assert few == many <= 12
    assert many_at_home - few_at_home <= 1  # how many there are beside those that are shown
