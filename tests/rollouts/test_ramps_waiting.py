"""A step that waits asks: for somebody's word at once, for evaluations and guardrails past a limit, once each."""

import json
from typing import Any

import pytest
from prometheus_client import REGISTRY

from accounts.models import Project
from rollouts.models import Delivery, Occurrence
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import boolean, create
from tests.rollouts.admin_ramps import text_of
from tests.rollouts.conftest import RAMP, Clock, CountEvaluations, Start, do, ramp_of, step, told
from tests.rollouts.occurrences import hook

pytestmark = pytest.mark.django_db

ABOVE: dict[str, Any] = {
    "metric": {"event": "checkout-failed", "per": "checkout"},
    "when": {"above": 0.5, "window": "10m", "sample": 50},
}


@pytest.fixture(autouse=True)
def flag(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=0))


def waits(person: Person) -> list[str]:
    """Return what was told of waiting."""
    return [each["text"] for each in ramp_of(person)["log"] if each["kind"] == "waiting"]


def overdue(waits_for: str) -> float | None:
    return REGISTRY.get_sample_value("flagsite_ramp_steps_overdue", {"waits_for": waits_for})


def test_somebody_is_asked_for_their_word_once_when_the_time_has_come(
    ed: Person, vi: Person, shop: Project, time: Clock, start: Start
) -> None:
    hook(shop, "https://example.com/hook")
    start(step(1), step(50, after="1h", needs_confirmation=True), step(100, after="1h", needs_confirmation=True))
    time.passes("59m")
    assert waits(ed) == []
    for _ in range(3):
        time.passes("1m")
    assert waits(ed) == ["Step 2 of 3, 50 %, waits for somebody’s word"]
    (body,) = (json.loads(each.body) for each in Delivery.objects.filter(kind="ramp.waiting"))
    assert (body["type"], body["data"]["waits_for"], body["data"]["to_percentage"]) == (
        "ramp.waiting",
        "confirmation",
        None,
    )
    assert "Step waits" in text_of(Desk(vi).get("index"))
    assert overdue("confirmation") == 1
    do(ed, "advance")
    time.passes("1s")
    assert "Step waits" not in text_of(Desk(vi).get("index"))
    assert (told(ed)[-1], overdue("confirmation")) == ("Step 2 of 3: 50 %", 0)
    time.passes("1h")
    assert waits(ed)[1:] == ["Step 3 of 3, 100 %, waits for somebody’s word"]


def test_nobody_is_asked_while_the_ramp_is_paused_and_again_when_it_goes_on(
    ed: Person, time: Clock, start: Start
) -> None:
    start(step(1), step(50, after="1h", needs_confirmation=True))
    do(ed, "pause")
    time.passes("2h")
    assert waits(ed) == []
    do(ed, "resume")
    time.passes("1h")
    assert len(waits(ed)) == 1


def test_a_step_that_lacks_evaluations_is_told_of_past_a_limit_and_is_not_late(
    ed: Person, time: Clock, start: Start, count_evaluations: CountEvaluations
) -> None:
    start(step(1), step(50, after="1h", min_evaluations=1_000))
    time.passes("74m")
    time.passes("30s")
    assert (waits(ed), overdue("evaluations"), overdue("nothing")) == ([], 1, 0)
    count_evaluations(3)
    for _ in range(3):
        time.passes("30s")
    assert waits(ed) == ["Step 2 of 2, 50 %, has waited 15 min for 1,000 evaluations; 3 were counted"]
    count_evaluations(997)
    time.passes("10s")
    assert [each["text"] for each in ramp_of(ed)["log"] if each["kind"] == "step"][-1] == "Step 2 of 2: 50 %"
    assert Occurrence.objects.filter(kind="step").latest("pk").details["late_seconds"] == 0
    assert overdue("evaluations") == 0


def test_a_step_whose_guardrails_nobody_looks_at_is_told_of_past_a_limit_and_is_late(
    ed: Person, time: Clock, start: Start
) -> None:
    start(step(1), step(50, after="1h"), guardrails=[ABOVE])
    for _ in range(75):
        time.passes("1m")
    assert (ramp_of(ed)["next"]["waits_for"], overdue("guardrail")) == ("guardrail", 1)
    assert waits(ed) == ["Step 2 of 2, 50 %, has waited 15 min for an answer of every guardrail"]
    assert ed.client().patch(RAMP, {"guardrails": []}).status_code == 200
    time.passes("2m", unattended=True)
    time.passes("0s")
    assert "Step 2 of 2: 50 %, 2 min late" in told(ed)
