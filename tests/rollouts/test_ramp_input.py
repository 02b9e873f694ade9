"""What no ramp can be is refused by its place, and nothing is written."""

from typing import Any, Final

import pytest

from accounts.models import Environment, Project
from rollouts.services import templates
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create
from tests.problems import assert_problem
from tests.rollouts.conftest import RAMP, Clock, Start, do, ramp_of, step
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

EVENTS: Final = {"event": "failed", "per": "checkout"}
WORSE: Final = {"worse_than_others": True}

BAD_STEPS: Final[list[tuple[Any, str]]] = [
    (None, "steps"),
    ([], "steps"),
    ({}, "steps"),
    ([{}] * 51, "steps"),
    ([5], "steps[0]"),
    ([{}], "steps[0].percentage"),
    ([step(-1)], "steps[0].percentage"),
    ([step(100.001)], "steps[0].percentage"),
    ([step(0.0001)], "steps[0].percentage"),
    ([{"percentage": "5"}], "steps[0].percentage"),
    ([{"percentage": True}], "steps[0].percentage"),
    ([{"percentage": 1e300}], "steps[0].percentage"),
    ([step(5), step(5, after="1h")], "steps[1].percentage"),
    ([step(5), step(4, after="1h")], "steps[1].percentage"),
    ([step(5), step(6)], "steps[1]"),
    ([step(5, after="1h", at="2027-03-01T10:00:00Z")], "steps[0]"),
    ([step(5, after="soon")], "steps[0].after"),
    ([step(5, after=60)], "steps[0].after"),
    ([step(5, after="367d")], "steps[0].after"),
    ([step(5, at="2027-03-01T10:00:00")], "steps[0].at"),
    ([step(5, at=1)], "steps[0].at"),
    ([step(5, at="2027-03-01T10:00:00Z"), step(6, at="2027-03-01T10:00:00Z")], "steps[1].at"),
    ([step(5, min_evaluations=-1)], "steps[0].min_evaluations"),
    ([step(5, min_evaluations=1.5)], "steps[0].min_evaluations"),
    ([step(5, needs_confirmation="yes")], "steps[0].needs_confirmation"),
    ([step(5, percent=5)], "steps[0].percent"),
]
BAD_GUARDRAILS: Final[list[tuple[Any, str]]] = [
    ({}, "guardrails"),
    ([{}] * 11, "guardrails"),
    ([5], "guardrails[0]"),
    ([{"when": WORSE}], "guardrails[0].metric"),
    ([{"metric": EVENTS}], "guardrails[0].when"),
    ([{"metric": {"event": "failed"}, "when": WORSE}], "guardrails[0].metric.per"),
    ([{"metric": {"event": "failed", "per": "failed"}, "when": WORSE}], "guardrails[0].metric.per"),
    ([{"metric": {**EVENTS, "event": ""}, "when": WORSE}], "guardrails[0].metric.event"),
    ([{"metric": {**EVENTS, "above": "1"}, "when": WORSE}], "guardrails[0].metric.above"),
    ([{"metric": {**EVENTS, "worse": "less"}, "when": WORSE}], "guardrails[0].metric.worse"),
    ([{"metric": EVENTS, "when": {"worse_than_others": False}}], "guardrails[0].when.worse_than_others"),
    ([{"metric": {"prometheus": "up"}, "when": {"above": 1, "window": "1h"}}], "guardrails[0].when.window"),
    ([{"metric": {"prometheus": "up"}, "when": {"above": 1, "sample": 9}}], "guardrails[0].when.sample"),
    ([{"metric": EVENTS, "when": {**WORSE, "false_alarms": 0}}], "guardrails[0].when.false_alarms"),
    ([{"metric": EVENTS, "when": {**WORSE, "false_alarms": 0.5}}], "guardrails[0].when.false_alarms"),
    ([{"metric": EVENTS, "when": {"above": 1, "below": 2}}], "guardrails[0].when"),
    ([{"metric": EVENTS, "when": {"above": "1"}}], "guardrails[0].when.above"),
    ([{"metric": EVENTS, "when": {"above": 50}}], "guardrails[0].when.above"),
    ([{"metric": EVENTS, "when": {"below": 1}}], "guardrails[0].when.below"),
    ([{"metric": EVENTS, "when": {"above": 1, "window": "0m"}}], "guardrails[0].when.window"),
    ([{"metric": EVENTS, "when": {"above": 1, "window": "8d"}}], "guardrails[0].when.window"),
    ([{"metric": EVENTS, "when": {"above": 1, "sample": 0}}], "guardrails[0].when.sample"),
    ([{"metric": EVENTS, "when": WORSE, "then": "panic"}], "guardrails[0].then"),
    ([{"metric": EVENTS, "when": WORSE, "name": 5}], "guardrails[0].name"),
    ([{"metric": EVENTS, "when": WORSE, "unless": 5}], "guardrails[0].unless"),
    ([{"metric": {"prometheus": ""}, "when": {"above": 1}}], "guardrails[0].metric.prometheus"),
    ([{"metric": {"prometheus": "up"}, "when": {"above": 1}}], "guardrails[0].metric.prometheus"),  # there is none
    ([{"metric": {"prometheus": "up"}, "when": WORSE}], "guardrails[0].when.worse_than_others"),
]
BAD: Final[list[tuple[Any, str]]] = [
    *[({"steps": steps}, path) for steps, path in BAD_STEPS],
    *[({"steps": [step(1)], "guardrails": bad}, path) for bad, path in BAD_GUARDRAILS],
    ({}, "steps"),
    ({"steps": [step(1)], "template": "fast"}, "steps"),
    ({"steps": [step(1)], "rule": "nobody"}, "rule"),
    ({"steps": [step(1)], "rule": 5}, "rule"),
    ({"steps": [step(1)], "watch_for": "long"}, "watch_for"),
    ({"steps": [step(1)], "turn_on": "maybe"}, "turn_on"),
    ({"steps": [step(1)], "comment": 5}, "comment"),
    ({"steps": [step(1)], "stepz": 5}, "stepz"),
    ([], ""),
]


def test_what_no_ramp_can_be_is_refused_by_its_place(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    with nothing_changes():
        for body, path in BAD:
            with subtests.test(str(body)):
                paths = [path] if path else []
                assert_problem(ed.client().post(RAMP, body), 400, "INVALID", *paths)


def test_every_wrong_place_is_named_at_once(ed: Person) -> None:
    create(ed, boolean())
    body = {"steps": [step(-1), step(5, after="x")]}
    assert_problem(ed.client().post(RAMP, body), 400, "INVALID", "steps[0].percentage", "steps[1].after")


def test_a_moment_that_has_passed_is_refused(ed: Person, time: Clock, start: Start) -> None:
    create(ed, boolean(rollout_percentage=0))
    passed = {"steps": [step(1, at=time.in_("0s"))]}
    assert_problem(ed.client().post(RAMP, passed), 400, "INVALID", "steps[0].at")
    start(step(1), step(50, at=time.in_("1h")))
    assert_problem(ed.client().patch(RAMP, {"steps": [step(5, at=time.in_("0s"))]}), 400, "INVALID", "steps[0].at")


def test_events_cannot_be_compared_where_buckets_are_made_of_something_else(ed: Person) -> None:
    create(ed, boolean(fallthrough={"split": [{"variation": "on", "weight": 100}], "bucket_by": "organisation.id"}))
    body = {"steps": [step(1)], "guardrails": [{"metric": EVENTS, "when": WORSE}]}
    problem = assert_problem(ed.client().post(RAMP, body), 400, "INVALID", "guardrails[0].metric")
    assert "`organisation.id`" in problem["detail"]


def test_what_does_not_fit_where_the_ramp_stands_is_refused(
    ed: Person, time: Clock, start: Start, subtests: pytest.Subtests
) -> None:
    create(ed, boolean())
    assert_problem(ed.client().get(RAMP), 404, "RAMP_NOT_FOUND")
    start(step(1), step(50, after="1h"))
    for what, body, status, code in [
        ("resume", {}, 409, "WRONG_MOMENT"),
        ("approve", {}, 409, "WRONG_MOMENT"),
        ("advance", {"step": 0}, 400, "INVALID"),
        ("advance", {"step": 1}, 400, "INVALID"),
        ("advance", {"step": 3}, 400, "INVALID"),
        ("advance", {"step": "2"}, 400, "INVALID"),
        ("pause", {"why": "x"}, 400, "INVALID"),
    ]:
        with subtests.test(what, body=body), nothing_changes():
            path = f"/flags/checkout/ramp/{what}{PRODUCTION}"
            if what != "approve":
                assert_problem(ed.client().post(path, body), status, code)
    time.passes("1h")
    for what in ("pause", "advance", "resume"):
        with subtests.test(what), nothing_changes():
            assert_problem(ed.client().post(f"/flags/checkout/ramp/{what}{PRODUCTION}"), 409, "WRONG_MOMENT")


def test_where_the_environment_is_protected_somebody_says_why(ed: Person, production: Environment) -> None:
    create(ed, boolean(rollout_percentage=0))
    production.is_protected = True
    production.save(update_fields=["is_protected", "requires_approval"])
    assert_problem(ed.client().post(RAMP, {"steps": [step(1)]}), 400, "INVALID", "comment")
    assert ed.client().post(RAMP, {"steps": [step(1)], "comment": "New checkout"}).status_code == 201


def test_where_approval_is_asked_for_the_ramp_waits_for_somebody_else(
    ed: Person, ada: Person, production: Environment, time: Clock, start: Start
) -> None:
    create(ed, boolean(rollout_percentage=0))
    production.requires_approval = True
    production.save(update_fields=["is_protected", "requires_approval"])
    waiting = start(step(1), step(50, after="1h"))
    assert (waiting["status"], waiting["percentage"]) == ("awaiting_approval", None)
    assert time.passes("9h") == 0
    own = ed.client().post(f"/flags/checkout/ramp/approve{PRODUCTION}")
    assert_problem(own, 403, "OWN_CHANGE")
    approved = do(ada, "approve")
    assert (approved["status"], approved["percentage"], approved["approved_by"]) == ("running", 1, "ada")
    last = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]
    assert last["approved_by"] == "ada"
    changed = ed.client().patch(RAMP, {"steps": [step(100, after="1m")]}).json()
    assert (changed["status"], changed["approved_by"]) == ("awaiting_approval", "")
    time.passes("1h")
    assert ramp_of(ed)["percentage"] == 1
    do(ada, "approve")
    time.passes("1m")
    assert ramp_of(ed)["percentage"] == 100


def test_rolling_back_needs_nobody_s_approval_and_is_marked(
    ed: Person, ada: Person, production: Environment, start: Start
) -> None:
    create(ed, boolean(rollout_percentage=0))
    production.requires_approval = True
    production.save(update_fields=["is_protected", "requires_approval"])
    start(step(1), step(50, after="1h"))
    do(ada, "approve")
    assert do(ed, "rollback")["status"] == "rolled_back"
    last = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"][0]
    assert last["is_emergency"] is True


def test_templates_come_with_flagsite_and_a_team_adds_its_own(ed: Person, time: Clock, start: Start) -> None:
    create(ed, boolean(rollout_percentage=0))
    listed = {each["key"]: each for each in ed.client().get("/ramp-templates").json()}
    assert list(listed) == ["careful", "standard", "fast"]
    ours = {"name": "Ours", "steps": [step(2), step(100, after="30m")]}
    assert ed.client().put("/ramp-templates/ours", ours).status_code == 200
    assert [each["percentage"] for each in start(template="ours")["steps"]] == [2, 100]
    assert ed.client().delete("/ramp-templates/ours").status_code == 204
    assert_problem(ed.client().post(RAMP, {"template": "ours"}), 404, "RAMP_TEMPLATE_NOT_FOUND")
    moments = {"steps": [step(2, at="2027-03-01T10:00:00Z")]}
    assert_problem(ed.client().put("/ramp-templates/ours", moments), 400, "INVALID", "steps[0].at")


def test_a_project_has_so_many_templates(ed: Person, shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAX_TEMPLATES", 2)
    ours = {"steps": [{"percentage": 1}, {"percentage": 50, "after": "1h"}]}
    answers = [ed.client().put(f"/ramp-templates/{key}", ours).status_code for key in ("a", "b", "c", "a")]
    assert answers == [200, 200, 400, 200]


@pytest.mark.parametrize("template", ["careful", "standard", "fast"])
def test_every_template_that_comes_with_flagsite_can_be_started(ed: Person, start: Start, template: str) -> None:
    create(ed, boolean(rollout_percentage=0))
    assert start(template=template)["status"] == "running"


def test_a_change_that_is_wrong_leaves_the_ramp_as_it_was(ed: Person, start: Start) -> None:
    create(ed, boolean(rollout_percentage=0))
    start(step(1), step(50, after="1h"))
    with nothing_changes():
        assert_problem(ed.client().patch(RAMP, {"guardrails": [{}]}), 400, "INVALID", "guardrails[0].metric")
        assert_problem(
            ed.client().patch(RAMP, {"steps": [step(5, after="1h")], "guardrails": {}}), 400, "INVALID", "guardrails"
        )
    change(ed, "checkout", name="Check-out")
