"""What the review calls things: whether somebody loses, what two people both changed, where the flag is."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Environment, Project
from flags.models import Flag
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk, address
from tests.flags.builders import equals, make, rule, set_fields
from tests.flags.test_admin_reviews import PAGE, proposed, shown

pytestmark = pytest.mark.django_db

PILLS = ("Somebody loses what they have", "By the buckets, somebody may lose what they have")


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


def test_that_somebody_loses_is_only_said_where_it_is_certain(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    def told(**fields: Any) -> str:
        request = proposed(ed, checkout, production, **fields)
        page = shown(Desk(ed).get(PAGE, request.pk))
        (pill,) = [words for words in PILLS if words in page]
        return pill

    halves = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}
    certain, possible = PILLS
    assert told(rollout_percentage=25) == certain
    assert told(rules=[rule(equals("plan", "pro"), name="Pro") | {"serve": halves}]) == possible


def test_the_review_leads_to_what_it_is_about(ed: Person, checkout: Flag, production: Environment) -> None:
    request = proposed(ed, checkout, production, rollout_percentage=25)
    page = shown(Desk(ed).get(PAGE, request.pk))
    assert f'href="{address("flags_flag_change", checkout.pk)}"' in page


def test_parts_that_both_changed_are_called_as_people_call_them(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    pro = {"id": "pro", **rule(equals("plan", "pro"), name="Those who pay")}
    set_fields(checkout, production, rules=[pro])
    request = proposed(
        ed, checkout, production, rules=[{**pro, "rollout_percentage": 50}], fallthrough={"variation": "off"}
    )
    split = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}
    set_fields(checkout, production, rules=[{**pro, "rollout_percentage": 10}], fallthrough=split)
    ((_, choices),) = Desk(ed).get(PAGE, request.pk).context["review"].collisions
    assert {choice.part for choice in choices} == {"default rule", "rule “Those who pay”"}


def test_deleting_asks_for_the_review_and_says_so(ed: Person, checkout: Flag) -> None:
    desk = Desk(ed)
    asked = desk.get("flags_flag_delete", checkout.pk).content.decode()
    assert "Review the deletion" in asked
    assert "related items" not in asked
    desk.review(desk.delete(checkout))
    assert Flag.objects.filter(pk=checkout.pk).exists()


def test_a_scheduled_request_shows_its_moment_where_it_can_be_changed(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, checkout, production, rollout_percentage=25)
    at = clock.now() + timedelta(days=1)
    sent = {"version": request.version, "at": f"{at:%Y-%m-%dT%H:%M}"}
    Desk(ed).post("flags_changerequest_publish", request.pk, **sent)
    assert Desk(ed).get(PAGE, request.pk).context["form"]["at"].value() == sent["at"]
