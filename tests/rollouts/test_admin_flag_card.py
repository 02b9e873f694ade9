"""The ramp on the flag's page: in each environment where it stands, or how to start one."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flags.models import Flag
from rollouts.models import Ramp
from rollouts.services import advance_ramp, pause_ramp, stop_ramp
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.rollouts.admin_ramps import FAILING, SLOW, ramp_of, text_of

pytestmark = pytest.mark.django_db


def cards(desk: Desk, flag: Flag) -> dict[str, Any]:
    page = desk.open(flag)
    return {each["key"]: each["rollout"] for each in json.loads(page.context["page_data"])["environments"]}


def test_where_there_is_none_one_can_be_started(desk: Desk, sale: Flag) -> None:
    card = cards(desk, sale)["production"]
    assert card["links"] == [["Start a ramp", f"/admin/rollouts/ramp/start/{sale.pk}/production/"]]
    assert card["moves"] is None


def test_a_ramp_that_runs_says_where_it_stands_and_what_it_moves(desk: Desk, sale: Flag) -> None:
    ramp = ramp_of(sale)
    found = cards(desk, sale)
    assert found["production"]["label"] == "Running"
    assert found["production"]["percentage"] == 1
    assert found["production"]["marks"] == [1, 50, 100]
    assert found["production"]["moves"] == ""
    assert found["production"]["sentences"][0] == "At 1 %, step 1 of 3."
    assert found["production"]["links"] == [["See the ramp", f"/admin/rollouts/ramp/{ramp.pk}/change/"]]
    assert found["staging"]["label"] == ""


def test_a_ramp_that_is_held_moves_nothing_and_says_why(desk: Desk, sale: Flag) -> None:
    pause_ramp(ramp_of(sale), by=SYSTEM, comment="Lunch")
    card = cards(desk, sale)["production"]
    assert card["moves"] is None
    assert card["sentences"][-1] == "Lunch."


def test_the_card_says_what_is_watched_and_what_was_found(desk: Desk, vi: Person, sale: Flag) -> None:
    ramp = ramp_of(sale, guardrails=[FAILING, SLOW])
    ramp.guardrails.filter(position=0).update(verdict="healthy")
    (first, second) = cards(desk, sale)["production"]["watched"]
    assert (first["words"], second["words"]) == ("Healthy", "Not looked at yet")
    assert first["sentence"] == "Roll back to 0 % when the error rate is higher inside than outside."
    assert "Healthy</span> Roll back to 0 % when the error rate" in text_of(Desk(vi).open(sale))


def test_the_card_holds_the_buttons_that_fit(desk: Desk, sale: Flag) -> None:
    def offered() -> list[str]:
        return [each["words"] for each in cards(desk, sale)["production"]["actions"]]

    ramp = ramp_of(sale)
    assert offered() == ["Pause", "Take next step now", "Roll back to 0 %"]
    pause = cards(desk, sale)["production"]["actions"][0]
    assert desk.client.post(pause["address"], {"version": pause["version"], "comment": "Lunch"}).status_code == 302
    assert Ramp.objects.get(pk=ramp.pk).reason == "Lunch"
    assert offered() == ["Resume", "Roll back to 0 %"]
    stop_ramp(ramp, by=SYSTEM)
    assert offered() == []


def test_after_a_ramp_the_next_can_be_started(desk: Desk, sale: Flag) -> None:
    stop_ramp(ramp_of(sale), by=SYSTEM)
    links = cards(desk, sale)["production"]["links"]
    assert [words for words, _ in links] == ["Start a ramp", "See the last ramp"]


def test_the_card_is_of_the_last_ramp(desk: Desk, sale: Flag) -> None:
    first = ramp_of(sale)
    stop_ramp(first, by=SYSTEM)
    second = ramp_of(sale)
    advance_ramp(second, by=SYSTEM)
    assert cards(desk, sale)["production"]["sentences"][0] == "At 50 %, step 2 of 3."


def test_a_viewer_reads_the_card_and_starts_nothing(vi: Person, sale: Flag) -> None:
    ramp = ramp_of(sale)
    page = text_of(Desk(vi).open(sale))
    assert "At 1 %, step 1 of 3." in page
    assert f"/admin/rollouts/ramp/{ramp.pk}/change/" in page
    assert "Start a ramp" not in page


def test_ramps_in_every_environment_cost_no_more_than_in_one(desk: Desk, sale: Flag) -> None:
    costs = []
    for environment in ("production", "staging", "development"):
        ramp_of(sale, environment=environment, turn_on=True)
        with CaptureQueriesContext(connection) as captured:
            desk.open(sale)
        costs.append(len(captured))
    assert len(set(costs)) == 1
