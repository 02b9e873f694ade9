"""The audit log: who changed which flag or segment, old value and new value, from where and why."""

from typing import Any

import pytest
from auditlog.models import LogEntry

from flags.services import restore_flag
from tests.conftest import SYSTEM, Person
from tests.flags.builders import PRODUCTION, boolean, change, create, create_segment, equals, rule

pytestmark = pytest.mark.django_db


def entries(**found: Any) -> list[LogEntry]:
    return list(LogEntry.objects.filter(**found).order_by("pk"))


def after(last: LogEntry | None) -> list[LogEntry]:
    return entries(pk__gt=last.pk if last else 0)


def last() -> LogEntry | None:
    return LogEntry.objects.order_by("pk").last()


def test_a_new_flag_is_logged_once_and_its_state_once_an_environment(ed: Person) -> None:
    before = last()
    create(ed, boolean(name="Checkout", tags=["pay"], comment="For the launch"))
    flag, *states = after(before)
    assert flag.changes["name"] == [None, "Checkout"]
    assert flag.changes["tags"] == [None, ["pay"]]
    assert {state.additional_data["environment"] for state in states} == {"development", "staging", "production"}
    enabled = {state.additional_data["environment"]: state.changes["enabled"] for state in states}
    assert enabled == {"development": [None, False], "staging": [None, False], "production": [None, True]}
    for entry in (flag, *states):
        assert entry.action == LogEntry.Action.CREATE
        assert (entry.actor, entry.remote_addr) == (ed.user, "127.0.0.1")
        about = {"actor": "ed", "source": "api", "project": "shop", "comment": "For the launch"}
        assert entry.additional_data.items() >= about.items()


def test_a_change_of_state_is_logged_with_old_and_new_values_and_nothing_else(ed: Person) -> None:
    create(ed, boolean())
    before = last()
    rules = [rule(equals("country", "US"), id="us")]
    change(ed, "checkout", rules=rules, rollout_percentage=12.5, enabled=True, comment="Slowly")
    (entry,) = after(before)
    assert entry.action == LogEntry.Action.UPDATE
    assert entry.changes == {"rules": [[], rules], "rollout_percentage": [100, 12.5]}
    assert (entry.additional_data["environment"], entry.additional_data["comment"]) == ("production", "Slowly")
    assert entry.object_repr == "flag checkout in production"


def test_a_change_of_what_all_share_is_logged_of_the_flag(ed: Person) -> None:
    create(ed, boolean(name="Old"))
    before = last()
    change(ed, "checkout", name="New", tags=["pay"])
    (entry,) = after(before)
    assert entry.changes == {"name": ["Old", "New"], "tags": [[], ["pay"]]}
    assert "environment" not in entry.additional_data


def test_new_variations_are_logged_of_the_flag(ed: Person) -> None:
    created = create(ed, {"key": "limit", "type": "json", "variations": [{"key": "a", "value": 1}]})
    before = last()
    change(ed, "limit", variations=[{"key": "a", "value": True}])
    (entry, *_) = after(before)
    assert entry.changes == {"variations": [created["variations"], [{"key": "a", "value": True}]]}


def test_rollout_and_restoration_are_logged_as_what_they_change(ed: Person) -> None:
    create(ed, boolean())
    before = last()
    ed.client().post(f"/flags/checkout/rollout{PRODUCTION}", {"percentage": 5})
    ed.client().post(f"/flags/checkout/restore{PRODUCTION}", {"revision": 2})
    rollout, restored = after(before)
    assert rollout.changes == {"rollout_percentage": [100, 5]}
    assert restored.changes == {"rollout_percentage": [5, 100]}
    assert restored.additional_data["comment"] == "Restored revision 2"


def test_segments_are_logged_from_their_making_to_their_end(ed: Person) -> None:
    before = last()
    create_segment(ed, "beta", included=["ann"], comment="Made")
    ed.client().patch("/segments/beta", {"included": ["ann", "bob"], "name": "Beta", "comment": "Changed"})
    ed.client().delete("/segments/beta?comment=Ended")
    made, changed, ended = after(before)
    assert made.changes["included"] == [None, ["ann"]]
    assert changed.changes == {"included": [["ann"], ["ann", "bob"]], "name": ["", "Beta"]}
    assert ended.changes["name"] == ["Beta", None]
    assert [each.additional_data["comment"] for each in (made, changed, ended)] == ["Made", "Changed", "Ended"]


def test_what_the_installation_does_by_itself_has_no_person(ed: Person) -> None:
    from accounts.models import Environment

    create(ed, boolean())
    change(ed, "checkout", enabled=False)
    production = Environment.objects.get(key="production")
    restore_flag(project=production.project, environment=production, key="checkout", revision=2, by=SYSTEM)
    entry = last()
    assert entry
    assert (entry.actor, entry.remote_addr, entry.additional_data["actor"]) == (None, None, "tests")
