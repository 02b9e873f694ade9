"""Starting a ramp in the admin, and changing one: what the form takes, refuses, suggests and foretells."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Environment, Project
from accounts.services import update_environment
from flags.models import Flag, TrackedEvent
from flagsite.lib import clock
from rollouts.models import Ramp, RampTemplate
from rollouts.services import save_ramp_template
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import equals, rule, set_fields, state_of
from tests.rollouts.admin_ramps import FAILING, SLOW, as_sent, page_data, ramp_of, text_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

START, PREVIEW, EDIT = "rollouts_ramp_start", "rollouts_ramp_preview", "rollouts_ramp_edit"


def problems(page: Any) -> dict[str, str]:
    return {each["path"]: each["message"] for each in page_data(page)["problems"]}


def guard(environment: Environment, **asked: bool) -> None:
    given: Any = {"is_protected": False, "requires_approval": False, **asked}
    update_environment(environment, by=SYSTEM, name=environment.name, position=environment.position, **given)


# --- starting ----------------------------------------------------------------------------------------------------


def test_a_ramp_begins_as_it_was_written(desk: Desk, sale: Flag, production: Environment) -> None:
    sent = as_sent(guardrails=[FAILING], watch_for="4h", comment="Two weeks without a complaint")
    answer = desk.post(START, sale.pk, "production", **sent)
    ramp = Ramp.objects.get()
    assert answer.headers["Location"] == f"/admin/rollouts/ramp/{ramp.pk}/change/"
    assert (ramp.author_label, ramp.comment, str(ramp.watches_for)) == (
        "ed",
        "Two weeks without a complaint",
        "4:00:00",
    )
    assert [step.percentage for step in ramp.steps.all()] == [1, 50, 100]
    assert [guardrail.document["name"] for guardrail in ramp.guardrails.all()] == ["error rate"]
    assert state_of(sale, production).rollout_percentage == 1


def test_a_ramp_of_a_rule_leaves_the_default_rule_alone(desk: Desk, sale: Flag, production: Environment) -> None:
    set_fields(sale, production, rules=[rule(equals("plan", "pro"), id="payers", name="Who pay")])
    offered = page_data(desk.get(START, sale.pk, "production"))["rules"]
    assert [(each["id"], each["percentage"]) for each in offered] == [("", 100), ("payers", 100)]
    assert "Who pay" in offered[1]["words"]
    assert [each["bucket_by"] for each in offered] == [None, None]
    desk.post(START, sale.pk, "production", **as_sent(rule="payers"))
    state = state_of(sale, production)
    assert state.rollout_percentage == 100
    assert state.rules[0]["rollout_percentage"] == 1


def test_a_flag_that_is_off_is_turned_on_only_when_that_is_said(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    set_fields(sale, production, enabled=False)
    sent = as_sent()
    del sent["turn_on"]
    refused = desk.post(START, sale.pk, "production", **sent)
    assert list(problems(refused)) == ["turn_on"]
    desk.post(START, sale.pk, "production", **as_sent())
    assert state_of(sale, production).enabled


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"steps": [{"percentage": 10}, {"percentage": 5, "after": "1h"}]}, "steps[1].percentage"),
    ({"steps": [{"percentage": 10, "after": "soon"}]}, "steps[0].after"),
    ({"steps": []}, "steps"),
    ({"guardrails": [{**FAILING, "metric": {"event": "checkout-failed"}}]}, "guardrails[0].metric.per"),
    ({"guardrails": [FAILING, {**SLOW, "when": {"above": None}}]}, "guardrails[1].when.above"),
    ({"rule": "nobody"}, "rule"),
    ({"watch_for": "for ever"}, "watch_for"),
]


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(
    desk: Desk, sale: Flag, subtests: pytest.Subtests
) -> None:
    for given, place in WRONG:
        with subtests.test(place), nothing_changes():
            page = desk.post(START, sale.pk, "production", **as_sent(**given, comment="Keep this"))
            assert place in problems(page)
            assert "Keep this" in text_of(page)
            draft = page_data(page)["draft"]
            assert {name: draft[name] for name in given} == given


def test_what_is_no_json_is_refused_and_does_not_break_the_page(desk: Desk, sale: Flag) -> None:
    for nonsense in ("", "{", "[NaN]", "[" * 5_000, '"steps"', "x" * 300_000):
        with nothing_changes():
            page = desk.post(START, sale.pk, "production", **{**as_sent(), "steps": nonsense})
            assert any(path.startswith("steps") for path in problems(page))


def test_a_protected_environment_asks_why(desk: Desk, sale: Flag, production: Environment) -> None:
    guard(production, is_protected=True)
    assert "Production is protected" in text_of(desk.get(START, sale.pk, "production"))
    refused = text_of(desk.post(START, sale.pk, "production", **as_sent()))
    assert re.search(r'id="ramp-comment-problem">[^<]*say why', refused)
    assert desk.post(START, sale.pk, "production", **as_sent(comment="It is time")).status_code == 302


def test_where_a_second_person_is_asked_for_the_ramp_waits(desk: Desk, sale: Flag, production: Environment) -> None:
    guard(production, requires_approval=True)
    page = text_of(desk.get(START, sale.pk, "production"))
    assert "begins when somebody else has approved it" in page
    assert "Ask for an approval" in page
    desk.post(START, sale.pk, "production", **as_sent())
    assert Ramp.objects.get().status == Ramp.Status.AWAITING_APPROVAL
    assert state_of(sale, production).rollout_percentage == 100


def test_a_flag_that_has_a_ramp_leads_to_it(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    assert desk.get(START, sale.pk, "production").headers["Location"] == f"/admin/rollouts/ramp/{ramp.pk}/change/"
    assert desk.get(START, sale.pk, "staging").status_code == 200


def test_a_page_of_nothing_is_not_found(desk: Desk, sale: Flag, otto: Person) -> None:
    for person, flag, environment in (
        (desk, sale.pk, "moon"),
        (desk, 10**6, "production"),
        (Desk(otto), sale.pk, "production"),
    ):
        assert person.get(START, flag, environment).status_code == 404


# --- what is suggested -------------------------------------------------------------------------------------------


def test_templates_are_offered_those_of_the_team_among_them(desk: Desk, sale: Flag, shop: Project) -> None:
    steps = [{"percentage": 3}, {"percentage": 100, "after": "2d"}]
    save_ramp_template(project=shop, key="ours", name="Ours", steps=steps, guardrails=[FAILING], by=SYSTEM)
    offered = {each["key"]: each for each in page_data(desk.get(START, sale.pk, "production"))["templates"]}
    assert list(offered) == ["careful", "standard", "fast", "ours"]
    assert [step["percentage"] for step in offered["ours"]["steps"]] == [3, 100]
    assert offered["ours"]["guardrails"][0]["name"] == "error rate"


def test_events_that_were_seen_here_are_suggested(
    desk: Desk, sale: Flag, production: Environment, shop: Project
) -> None:
    staging = shop.environments.get(key="staging")
    for where, name in ((production, "checkout"), (production, "checkout"), (production, "abort"), (staging, "other")):
        TrackedEvent.objects.create(environment=where, name=name, context_id="user-1", time=clock.now())
    assert page_data(desk.get(START, sale.pk, "production"))["events"] == ["abort", "checkout"]


def test_the_grid_is_kept_as_a_template_without_starting_anything(desk: Desk, sale: Flag) -> None:
    sent = as_sent(guardrails=[SLOW], comment="Not lost", template_name="The team's own", _template="save")
    page = desk.post(START, sale.pk, "production", **sent)
    template = RampTemplate.objects.get()
    assert (template.key, template.name, len(template.steps), len(template.guardrails)) == (
        "the-teams-own",
        "The team's own",
        3,
        1,
    )
    assert "Not lost" in text_of(page)
    assert "the-teams-own" in [each["key"] for each in page_data(page)["templates"]]
    assert not Ramp.objects.exists()


def test_a_template_needs_a_name_and_delays(desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        nameless = desk.post(START, sale.pk, "production", **as_sent(template_name="!", _template="save"))
        assert "Give the template a name" in text_of(nameless)
        dated = [{"percentage": 5, "at": "2030-01-01T09:00:00Z"}]
        page = desk.post(START, sale.pk, "production", **as_sent(dated, template_name="Dated", _template="save"))
        assert list(problems(page)) == ["steps[0].at"]


# --- what it would do --------------------------------------------------------------------------------------------


def test_taking_the_flag_away_from_people_is_said_loudly(desk: Desk, sale: Flag, production: Environment) -> None:
    found = desk.post(PREVIEW, sale.pk, "production", **as_sent()).json()
    assert found["loud"]
    assert found["first"] == "At once it lowers the percentage from 100 % to 1 %: 99 % of users lose it."
    set_fields(sale, production, rollout_percentage=0)
    found = desk.post(PREVIEW, sale.pk, "production", **as_sent()).json()
    assert not found["loud"]
    assert found["first"] == "At once it raises the percentage from 0 % to 1 %. Nobody loses anything."


def test_a_flag_that_is_off_takes_nothing_from_anybody(desk: Desk, sale: Flag, production: Environment) -> None:
    set_fields(sale, production, enabled=False)
    assert not desk.post(PREVIEW, sale.pk, "production", **as_sent()).json()["loud"]


def test_each_step_is_foretold_with_its_moment_and_what_it_waits_for(desk: Desk, sale: Flag) -> None:
    steps = [
        {"percentage": 1},
        {"percentage": 50, "after": "1h", "min_evaluations": 2_000},
        {"percentage": 100, "after": "1d", "needs_confirmation": True},
    ]
    found = desk.post(PREVIEW, sale.pk, "production", **as_sent(steps)).json()
    assert [stop["percentage"] for stop in found["stops"]] == ["1 %", "50 %", "100 %"]
    assert found["stops"][0]["when"] == "at once"
    assert [stop["waits"] for stop in found["stops"]] == [
        "",
        "waits for 2,000 evaluations",
        "waits for a person’s word",
    ]
    assert found["length"] == "at least 1 d 1 h"


def test_a_guardrail_is_read_back_as_its_sentence(desk: Desk, sale: Flag) -> None:
    unwhole = {**FAILING, "metric": {"event": "", "per": ""}}
    found = desk.post(PREVIEW, sale.pk, "production", **as_sent(guardrails=[FAILING, unwhole])).json()
    whole = "Roll back to 0 % when the error rate is higher inside than outside."
    assert found["guardrails"] == [whole, ""]
    assert {each["path"] for each in found["problems"]} == {
        "guardrails[1].metric.event",
        "guardrails[1].metric.per",
    }


# --- changing ----------------------------------------------------------------------------------------------------


def test_steps_to_come_and_guardrails_are_replaced(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    page = desk.get(EDIT, ramp.pk)
    assert [step["percentage"] for step in page_data(page)["draft"]["steps"]] == [50, 100]
    assert page_data(page)["first"] == 1
    sent = as_sent([{"percentage": 20, "after": "2h"}], [FAILING], version=str(ramp.version))
    assert desk.post(EDIT, ramp.pk, **sent).status_code == 302
    assert [step.percentage for step in ramp.steps.all()] == [1, 20]
    assert ramp.guardrails.count() == 1


def test_a_change_of_what_somebody_else_has_changed_is_refused(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    with nothing_changes():
        page = desk.post(EDIT, ramp.pk, **as_sent([{"percentage": 20, "after": "2h"}], version=str(ramp.version - 1)))
        assert "read it again" in text_of(page)


def test_a_change_must_go_up_from_where_the_ramp_stands(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    with nothing_changes():
        page = desk.post(EDIT, ramp.pk, **as_sent([{"percentage": 0.5, "after": "2h"}], version=str(ramp.version)))
        assert list(problems(page)) == ["steps[0].percentage"]


def test_a_ramp_that_is_over_leads_back(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    desk.post("rollouts_ramp_stop", ramp.pk)
    assert desk.get(EDIT, ramp.pk).headers["Location"] == f"/admin/rollouts/ramp/{ramp.pk}/change/"


def test_viewers_and_strangers_write_no_ramp(vi: Person, nina: Person, otto: Person, sale: Flag) -> None:
    ramp = ramp_of(sale)
    desks = ((Desk(vi), 403), (Desk(nina), 404), (Desk(otto), 404))
    with nothing_changes():
        for desk, status in desks:
            answers = [
                desk.get(START, sale.pk, "staging"),
                desk.post(START, sale.pk, "staging", **as_sent()),
                desk.post(PREVIEW, sale.pk, "staging", **as_sent()),
                desk.get(EDIT, ramp.pk),
                desk.post(EDIT, ramp.pk, **as_sent()),
            ]
            assert {answer.status_code for answer in answers} == {status}
    assert Client().get(f"/admin/rollouts/ramp/start/{sale.pk}/production/").status_code == 302
