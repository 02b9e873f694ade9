"""What is changed of a ramp is on record, and what is not keeps its own."""

from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts.models import Environment
from tests.conftest import Person
from tests.rollouts.conftest import RAMP, Clock, Start, ramp_of, step, told
from tests.rollouts.looking import checks, look
from tests.rollouts.users import Users

pytestmark = pytest.mark.django_db

ABOVE: dict[str, Any] = {
    "metric": {"event": "checkout-failed", "per": "checkout"},
    "when": {"above": 0.5, "window": "10m", "sample": 50},
}
SLOW: dict[str, Any] = {"metric": {"event": "checkout", "above": 2}, "when": {"worse_than_others": True}}


def patch(ed: Person, **body: Any) -> None:
    response = ed.client().patch(RAMP, body)
    assert response.status_code == 200, response.content


def test_a_guardrail_that_stays_keeps_what_was_found_of_it(ed: Person, time: Clock, start: Start, users: Users) -> None:
    """Whoever changes the steps in the admin sends the guardrails as well."""
    start(step(50), step(100, after="1d"), guardrails=[SLOW, ABOVE])
    users.check_out(range(300), at=time.now, percentage=50, failing=lambda _: 0.1, seconds=lambda _: 1.0)
    look(time)
    found = checks(ed)
    assert len(found) == 2
    patch(ed, steps=[step(90, after="1d")], guardrails=ramp_of(ed)["guardrails"])
    assert checks(ed) == found
    patch(ed, guardrails=[ABOVE])
    assert checks(ed) == [each for each in found if "the limit is" in each[1]]
    patch(ed, guardrails=[SLOW, ABOVE, ABOVE])
    look(time)
    assert [each["metric"]["event"] for each in ramp_of(ed)["guardrails"]] == ["checkout", *["checkout-failed"] * 2]
    assert {verdict for verdict, _ in checks(ed)} == {"healthy"}


def test_the_log_says_what_was_changed_and_the_audit_log_from_what_to_what(
    ed: Person, start: Start, users: Users
) -> None:
    start(step(1), step(50, after="1h"), guardrails=[ABOVE])
    patch(ed, steps=[step(20, after="2h")], comment="Slower")
    patch(ed, guardrails=[], watch_for="2h")
    assert told(ed)[-2:] == [
        "Changed: 1 % → 20 %",
        "Changed: no guardrails any more; watched for 2h after the last step",
    ]
    entries = LogEntry.objects.filter(content_type__model="ramp").order_by("pk")
    assert entries[0].changes["guardrails"][1][0]["when"]["above"] == 0.5
    steps, guardrails = (next(each.changes[name] for each in entries[1:] if name in each.changes) for name in NAMED)
    assert [[each["after"] for each in side] for side in steps] == [["0s", "1h"], ["0s", "2h"]]
    assert (len(guardrails[0]), guardrails[1]) == (1, [])


def test_a_change_of_nothing_does_nothing(
    ed: Person, time: Clock, start: Start, users: Users, production: Environment
) -> None:
    before = start(step(0), step(50, after="1h"), guardrails=[ABOVE])
    production.requires_approval = True
    production.save(update_fields=["requires_approval"])
    for nothing in ({"comment": "Hm"}, {"steps": [step(50, after="1h")]}, {"guardrails": [ABOVE], "watch_for": "0s"}):
        patch(ed, **nothing)
        assert ramp_of(ed) == before


NAMED = ("steps", "guardrails")
