"""Four eyes: nobody approves a ramp that they had a hand in since somebody else last did."""

from collections.abc import Callable

import pytest

from accounts.models import Environment, Project
from accounts.roles import Role
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create
from tests.problems import assert_problem
from tests.rollouts.conftest import RAMP, Clock, do, percentage, step

pytestmark = pytest.mark.django_db

APPROVE = f"/flags/checkout/ramp/approve{PRODUCTION}"


@pytest.fixture(autouse=True)
def _two_persons(ed: Person, time: Clock, production: Environment) -> None:
    create(ed, boolean(rollout_percentage=0))
    production.requires_approval = True
    production.save(update_fields=["requires_approval"])


def propose(person: Person) -> None:
    assert person.client().post(RAMP, {"steps": [step(90), step(100, after="1d")]}).status_code == 201


def test_another_hand_in_a_ramp_does_not_free_the_first_to_approve_it(
    ed: Person, ada: Person, shop: Project, make_person: Callable[..., Person]
) -> None:
    eve = make_person("eve", role=Role.EDITOR, project=shop)
    propose(ada)
    changed = ed.client().patch(RAMP, {"watch_for": "1h"}).json()
    assert (changed["author"], changed["status"]) == ("ada", "awaiting_approval")
    for person in (ada, ed):
        assert_problem(person.client().post(APPROVE), 403, "OWN_CHANGE")
    assert percentage(ed) == 0
    assert do(eve, "approve")["approved_by"] == "eve"
    assert percentage(ed) == 90


def test_what_was_approved_does_not_bar_its_author_from_approving_what_another_changes(ed: Person, ada: Person) -> None:
    propose(ada)
    do(ed, "approve")
    ed.client().patch(RAMP, {"steps": [step(95, after="1d")]})
    assert_problem(ed.client().post(APPROVE), 403, "OWN_CHANGE")
    assert do(ada, "approve")["status"] == "running"
