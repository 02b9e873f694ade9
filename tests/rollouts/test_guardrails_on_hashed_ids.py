"""Guardrails where a project keeps ids only as hashes: users are compared all the same, and each of them once."""

from typing import Any

import pytest

from accounts.models import Project
from flags.models import TrackedEvent
from tests.conftest import Person
from tests.flags.builders import PRODUCTION
from tests.rollouts.conftest import Clock, Start, percentage, ramp_of, step
from tests.rollouts.looking import look, look_at_due
from tests.rollouts.users import Users

pytestmark = pytest.mark.django_db

FAILED = {"event": "checkout-failed", "per": "checkout"}
WORSE: dict[str, Any] = {"metric": FAILED, "when": {"worse_than_others": True, "false_alarms": 0.01}}
ABOVE: dict[str, Any] = {"metric": FAILED, "when": {"above": 0.5, "window": "10m", "sample": 50}}


def hash_ids(project: Project, hashed: bool = True) -> None:
    project.hash_context_ids = hashed
    project.save()


def figures(person: Person) -> list[dict[str, Any]]:
    """What the latest looks at the guardrails found, by their numbers."""
    checks = person.client().get(f"/flags/checkout/ramp/checks{PRODUCTION}").json()["results"]
    return [each["figures"] for each in sorted(checks, key=lambda each: each["guardrail"])]


def test_users_who_fail_more_inside_are_seen_though_nobody_is_known(
    ed: Person, shop: Project, time: Clock, start: Start, users: Users
) -> None:
    hash_ids(shop)
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(1_000), at=time.now, percentage=50, failing=lambda is_inside: 0.2 if is_inside else 0.05)
    assert {name[:7] for name in TrackedEvent.objects.values_list("context_id", flat=True)} == {"hashed:"}
    look(time)
    assert (percentage(ed), ramp_of(ed)["status"]) == (0, "rolled_back")


def test_somebody_is_one_user_on_both_sides_of_the_decision_to_keep_hashes(
    ed: Person, shop: Project, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE, ABOVE])
    for hashed in (False, True, False):
        hash_ids(shop, hashed)
        users.check_out(range(400), at=time.now, percentage=50, failing=lambda _: 0.25)
        time.passes("10s")
    assert TrackedEvent.objects.filter(name="checkout").count() == 1_200
    look_at_due()
    worse, above = figures(ed)
    assert worse["inside"]["of"] + worse["outside"]["of"] == 400
    assert above["inside"]["of"] == worse["inside"]["of"]
    assert above["inside"]["bad"] == worse["inside"]["bad"] > 0


def test_who_failed_in_a_ramp_that_was_rolled_back_is_known_to_the_next_under_either_name(
    ed: Person, shop: Project, time: Clock, start: Start, users: Users
) -> None:
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(400), at=time.now, percentage=50, failing=lambda _: 0.25)
    time.passes("10s")
    assert ed.client().post(f"/flags/checkout/ramp/rollback{PRODUCTION}", {}).status_code == 200
    hash_ids(shop)
    time.passes("10s")
    start(step(50), step(100, after="1h"), guardrails=[WORSE])
    users.check_out(range(400), at=time.now, percentage=50, failing=lambda _: 0.25)
    time.passes("10s")
    look_at_due()
    (worse,) = figures(ed)
    assert worse["evidence"] == 1, "of those who failed before nothing new is learnt"
