"""Whoever changes a rollout by hand is not overruled: no door takes the ramp's next step past what they did."""

from typing import Any

import pytest

from rollouts.models import Ramp
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create, equals, rule
from tests.problems import assert_problem
from tests.rollouts.conftest import Clock, Start, do, percentage, ramp_of, step, told

pytestmark = pytest.mark.django_db

STEPS = (step(10), step(20, after="1h"), step(60, after="1h"))


@pytest.fixture(autouse=True)
def flag(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=0))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"rollout_percentage": 0}, "The default rule was set to 0 % by hand, by ed in revision"),
        ({"enabled": False}, "The flag was turned off, by ed in revision"),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"step": 3}])
def test_a_step_by_hand_is_refused_when_somebody_has_just_changed_the_rollout(  # noqa: PLR0917 - what, why, and how
    ed: Person, time: Clock, start: Start, fields: dict[str, Any], reason: str, asked: dict[str, Any]
) -> None:
    """The scheduler has not looked yet, and may be away."""
    start(*STEPS)
    left = change(ed, "checkout", comment="EMERGENCY by hand", **fields)["rollout_percentage"]
    refused = ed.client().post(f"/flags/checkout/ramp/advance{PRODUCTION}", asked)
    assert_problem(refused, 409, "RAMP_OVERRIDDEN")
    assert refused.json()["detail"].startswith(reason)
    ramp = ramp_of(ed)
    assert (ramp["status"], percentage(ed)) == ("paused", left)
    assert ramp["reason"].startswith(reason)
    assert told(ed)[-1].startswith(f"Paused: {reason}")


@pytest.mark.parametrize(
    ("there", "back", "reason"),
    [
        (
            {"rollout_percentage": 99},
            {"rollout_percentage": 10},
            "The default rule was set to 99 % by hand, by ed in revision 3; it is at 10 % again.",
        ),
        (
            {"enabled": False},
            {"enabled": True},
            "The flag was turned off, by ed in revision 3; it is on again.",
        ),
        (
            {"salt": "paprika"},
            {"salt": "pepper"},
            (
                "What its buckets are made of was changed, and everybody falls anew, by ed in revision 3; "
                "it is as it was again."
            ),
        ),
    ],
)
def test_a_change_that_is_taken_back_within_a_second_is_noticed(  # noqa: PLR0917 - there, back, and what is said
    ed: Person, time: Clock, start: Start, there: dict[str, Any], back: dict[str, Any], reason: str
) -> None:
    change(ed, "checkout", salt="pepper")
    start(*STEPS)
    change(ed, "checkout", **there)
    change(ed, "checkout", **back)
    time.passes("1s")
    ramp = ramp_of(ed)
    assert (ramp["status"], ramp["reason"]) == ("paused", reason.replace("revision 3", f"revision {_third_last(ed)}"))
    resumed = do(ed, "resume")
    time.passes("1s")
    assert (resumed["status"], ramp_of(ed)["status"]) == ("running", "running"), "it was taken over"


def _third_last(person: Person) -> int:
    history = person.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"]
    number: int = history[1]["revision"]
    return number


def test_a_rule_that_was_away_for_a_moment_is_noticed(ed: Person, time: Clock, start: Start) -> None:
    paying = change(ed, "checkout", rules=[rule(equals("plan", "pro"), name="Paying")])["rules"]
    start(*STEPS, rule="paying")
    with_ramp = ed.client().get(f"/flags/checkout{PRODUCTION}").json()["rules"]
    assert with_ramp[0]["id"] == paying[0]["id"]
    change(ed, "checkout", rules=[])
    change(ed, "checkout", rules=with_ramp)
    time.passes("1s")
    assert "The rule was removed, by ed in revision" in ramp_of(ed)["reason"]


def test_changes_of_what_the_ramp_does_not_move_are_looked_through_once(ed: Person, time: Clock, start: Start) -> None:
    start(*STEPS)
    for percent in (5, 7):
        change(ed, "checkout", rules=[rule(equals("country", "US"), rollout_percentage=percent)])
    time.passes("1s")
    ramp = Ramp.objects.get()
    assert (ramp.status, ramp.seen_version) == ("running", ramp.state.version)
    change(ed, "checkout", rollout_percentage=50)
    change(ed, "checkout", rollout_percentage=10)
    time.passes("1s")
    assert ramp_of(ed)["status"] == "paused", "what came before was seen; this was not"


def test_a_step_to_where_the_flag_is_already_names_no_revision(ed: Person, start: Start) -> None:
    """The environment's latest is another flag's."""
    create(ed, boolean("search", rollout_percentage=0))
    change(ed, "search", enabled=False)
    ramp = start(step(0), step(20, after="1h"))
    assert [each["revision"] for each in ramp["steps"]] == [None, None]
    assert ramp["log"][-1]["revision"] is None
    assert do(ed, "advance")["steps"][1]["revision"] is not None
