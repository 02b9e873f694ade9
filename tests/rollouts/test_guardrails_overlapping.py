"""Looks at guardrails that take long: nobody begins another one meanwhile, and what a later one found counts."""

from collections.abc import Callable
from typing import Any

import pytest

from rollouts.guardrails import events
from rollouts.guardrails.finding import Finding
from rollouts.models import Guardrail, Verdict
from rollouts.services import check_ramp, claim_checks
from tests.conftest import Person
from tests.rollouts.conftest import Clock, Start, percentage, ramp_of, step
from tests.rollouts.looking import checks, look

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("users")]

GUARDRAIL = {"metric": {"event": "checkout-failed", "per": "checkout"}, "when": {"above": 0.1}}
HEALTHY, SILENT = Finding(Verdict.HEALTHY, "All is well."), Finding(Verdict.SILENT, "No answer.")
CROSSED = Finding(Verdict.CROSSED, "Harm was done.", {"inside": {"bad": 9, "of": 10, "share": 0.9}})

Looks = Callable[..., None]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Let looks find this; what is to happen while the first is under way is done before it ends."""

    def find(first: Finding, meanwhile: Callable[[], Any] = lambda: None) -> None:
        def found(*_: Any, **__: Any) -> Finding:
            looks(first)
            meanwhile()
            return first

        monkeypatch.setattr(events, "look", found)

    looks = find
    return find


@pytest.fixture
def only(start: Start) -> int:
    """The id of a ramp whose second step comes after two minutes."""
    started: int = start(step(10), step(50, after="2m"), guardrails=[GUARDRAIL])["id"]
    return started


def test_a_look_that_was_overtaken_does_not_make_a_silent_source_healthy(
    ed: Person, time: Clock, only: int, looks: Looks
) -> None:
    def a_later_look_is_silent() -> None:
        time.now = time.now.replace(minute=1)
        looks(SILENT)
        check_ramp(only)

    looks(HEALTHY, a_later_look_is_silent)
    check_ramp(only)
    assert checks(ed) == [("silent", "No answer.")]
    time.passes("1m")
    assert (percentage(ed), ramp_of(ed)["next"]["waits_for"]) == (10, "guardrail")


def test_harm_counts_however_long_the_look_took_that_saw_it(ed: Person, time: Clock, only: int, looks: Looks) -> None:
    def a_later_look_is_healthy() -> None:
        time.now = time.now.replace(minute=1)
        looks(HEALTHY)
        check_ramp(only)

    looks(CROSSED, a_later_look_is_healthy)
    check_ramp(only)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0)


def test_a_look_of_before_the_clock_was_set_back_overtakes_none(time: Clock, only: int, looks: Looks) -> None:
    looks(HEALTHY)
    time.passes("1m")
    check_ramp(only)
    time.now = time.now.replace(hour=8)
    looks(SILENT)
    check_ramp(only)
    assert Guardrail.objects.get(ramp=only).verdict == "silent"


def test_nobody_begins_a_look_while_another_is_under_way(time: Clock, only: int, looks: Looks) -> None:
    claimed: list[list[int]] = []

    def others_would_look() -> None:
        for _ in range(2):
            time.passes("14s", unattended=True)
            claimed.append(claim_checks())

    looks(HEALTHY, others_would_look)
    look(time)
    assert claimed == [[], []]
    time.passes("10s")
    assert claim_checks() == [only]


def test_the_look_of_a_worker_that_was_killed_is_taken_over(time: Clock, only: int) -> None:
    time.passes("10s")
    assert claim_checks() == [only], "by a worker that is killed now"
    time.passes("29s")
    assert claim_checks() == []
    time.passes("1s")
    assert claim_checks() == [only]


def test_a_claim_of_before_the_clock_was_set_back_keeps_nobody_away(time: Clock, only: int) -> None:
    time.passes("10s")
    assert claim_checks() == [only]
    time.now = time.now.replace(hour=8)
    assert claim_checks() == [only]
