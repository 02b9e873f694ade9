"""How a change request ends: declined, withdrawn or published, and what its page and the list say of it then."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.editing.edits import FlagEdit
from flags.models import ChangeRequest, Flag
from flags.services import propose
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import make, set_fields
from tests.flags.test_admin_reviews import PAGE, do, proposed, shown
from tests.tables import nothing_changes


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout", name="<b>Checkout</b>")


@pytest.fixture
def wanted(ed: Person, checkout: Flag, production: Environment) -> ChangeRequest:
    """Ed wants half of the users in production."""
    return proposed(ed, checkout, production, rollout_percentage=50)


def test_a_withdrawn_request_stays_to_be_read(
    ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    do(Desk(ed), "withdraw", wanted, comment="Too early")
    set_fields(checkout, production, rollout_percentage=5)
    page = shown(Desk(ed).get(PAGE, wanted.pk))
    for words in ("What would have changed", "Rollout 100 % → 50 %.", "by ed: “Too early”"):
        assert words in page
    assert "Publish now" not in page


def test_a_reviewer_declines_with_a_reason_that_stays_to_be_read(
    ed: Person, ada: Person, wanted: ChangeRequest
) -> None:
    desk = Desk(ada)
    page = shown(desk.get(PAGE, wanted.pk))
    assert "Decline this change" in page
    assert "Withdraw" not in page
    with nothing_changes():
        assert "Say why" in shown(do(desk, "decline", wanted, comment=""))
        assert "Only who had a hand in a change withdraws it." in shown(do(desk, "withdraw", wanted))
    do(desk, "decline", wanted, comment="Not before Christmas")
    page = shown(Desk(ed).get(PAGE, wanted.pk))
    assert "by ada: “Not before Christmas”" in page
    assert "Declined" in page


def test_one_does_not_decline_one_s_own(ed: Person, wanted: ChangeRequest) -> None:
    desk = Desk(ed)
    page = shown(desk.get(PAGE, wanted.pk))
    assert "Withdraw this change" in page
    assert "Decline" not in page
    with nothing_changes():
        assert do(desk, "decline", wanted, comment="No").status_code == 403


def test_what_was_published_still_says_names_and_who_approved_it(
    ed: Person, ada: Person, checkout: Flag, production: Environment
) -> None:
    production.requires_approval = True
    production.save()
    versions = {state.environment.key: state.version for state in checkout.states.all()}
    states = {"production": {"enabled": False}}
    edit = FlagEdit("checkout", {"name": "The till", "tags": ["web"]}, states, versions)
    request = propose(project=checkout.project, edits=[edit], by=ed.actor)
    do(Desk(ada), "approve", request, comment="Fine")
    do(Desk(ed), "publish", request)
    page = Desk(ed).get(PAGE, request.pk)
    assert [sentence for told in page.context["review"].told for sentence in told.sentences] == [
        'Name "<b>Checkout</b>" → "The till".',
        'Tag "web" added.',
        "Turned off.",
    ]
    assert "<b>ada</b> approved it" in shown(page)
    assert "“Fine”" in shown(page)


def test_the_list_says_what_changes_and_costs_the_same_for_two_and_for_twenty(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    desk = Desk(ed)
    costs = []
    for number in (2, 18):
        for _ in range(number):
            proposed(ed, checkout, production, rollout_percentage=50)
        desk.rows("flags_changerequest")
        with CaptureQueriesContext(connection) as captured:
            page = shown(desk.get("flags_changerequest_changelist"))
        assert page.count("Rollout 100 % → 50 %.") == ChangeRequest.objects.count()
        costs.append(len(captured))
    assert costs[0] == costs[1]
