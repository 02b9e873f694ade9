"""The team's own templates of ramps in the admin."""

import json
from typing import Any

import pytest

from accounts.models import Project
from rollouts.models import RampTemplate
from rollouts.services import save_ramp_template
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.rollouts.admin_ramps import FAILING, STEPS, as_sent, page_data, text_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

PAGE, PREVIEW = "rollouts_ramptemplate", "rollouts_ramptemplate_preview"


@pytest.fixture
def ours(shop: Project) -> RampTemplate:
    return save_ramp_template(project=shop, key="ours", name="Ours", steps=STEPS, guardrails=[FAILING], by=SYSTEM)


def written(steps: Any = STEPS, guardrails: Any = (), **fields: Any) -> dict[str, Any]:
    return {"name": "Ours", "steps": json.dumps(steps), "guardrails": json.dumps(list(guardrails)), **fields}


def test_a_template_is_made(desk: Desk, shop: Project) -> None:
    answer = desk.post(f"{PAGE}_add", project=shop.pk, key="ours", **written(guardrails=[FAILING]))
    assert answer.status_code == 302
    template = RampTemplate.objects.get()
    assert (template.key, template.name) == ("ours", "Ours")
    assert [step["percentage"] for step in template.steps] == [1, 50, 100]
    assert template.guardrails[0]["name"] == "error rate"


def test_it_opens_as_it_was_saved_and_is_replaced(desk: Desk, ours: RampTemplate) -> None:
    draft = page_data(desk.open(ours))["draft"]
    assert [step["percentage"] for step in draft["steps"]] == [1, 50, 100]
    assert draft["guardrails"][0]["metric"]["event"] == "checkout-failed"
    desk.post(f"{PAGE}_change", ours.pk, **written([{"percentage": 5}, {"percentage": 60, "after": "2h"}], name="Slow"))
    ours.refresh_from_db()
    assert (ours.name, [step["percentage"] for step in ours.steps], ours.guardrails) == ("Slow", [5, 60], [])


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(desk: Desk, ours: RampTemplate) -> None:
    steps = [{"percentage": 5}, {"percentage": 2, "after": "2h"}]
    with nothing_changes():
        page = desk.post(f"{PAGE}_change", ours.pk, **written(steps))
    data = page_data(page)
    assert [problem["path"] for problem in data["problems"]] == ["steps[1].percentage"]
    assert data["draft"]["steps"] == steps


def test_what_is_no_json_is_refused(desk: Desk, ours: RampTemplate) -> None:
    with nothing_changes():
        for nonsense in ("{", "[" * 5_000, "null"):
            assert desk.post(f"{PAGE}_change", ours.pk, **{**written(), "steps": nonsense}).status_code == 200


def test_it_is_deleted(desk: Desk, ours: RampTemplate) -> None:
    assert desk.delete(ours).status_code == 302
    assert not RampTemplate.objects.exists()


def test_it_says_what_it_would_do_while_it_is_written(desk: Desk) -> None:
    found = desk.post(PREVIEW, **as_sent(guardrails=[FAILING])).json()
    assert [stop["percentage"] for stop in found["stops"]] == ["1 %", "50 %", "100 %"]
    assert found["guardrails"][0].startswith("Roll back to 0 %")


def test_a_viewer_reads_it_in_words(vi: Person, ours: RampTemplate) -> None:
    desk = Desk(vi)
    page = text_of(desk.open(ours))
    assert "Roll back to 0 % when the error rate" in page
    assert "50 %" in page
    assert 'name="steps"' not in page
    with nothing_changes():
        assert desk.post(f"{PAGE}_change", ours.pk, **written()).status_code == 403
        assert desk.delete(ours).status_code == 403
        assert desk.post(PREVIEW, **as_sent()).status_code == 403


def test_the_list_names_steps_and_is_the_team_s_own(vi: Person, otto: Person, ours: RampTemplate) -> None:
    assert "1 % → 50 % → 100 %" in text_of(Desk(vi).get(f"{PAGE}_changelist"))
    assert Desk(otto).rows(PAGE) == []
