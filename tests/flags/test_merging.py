"""Two changes of the same thing: what comes together by itself, and what a person has to settle."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Environment, Project
from flags.editing.edits import FlagEdit, SegmentEdit
from flags.editing.merging import merged
from flags.errors import NothingChanges
from flags.models import ChangeRequest, Flag
from flags.services import merge, propose, publish_change_request, update_flag_everywhere
from flags.services.change_requests import compare
from flagsite.lib.problems import InvalidInput
from segments.services import create_segment, update_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import equals, make, rule, set_fields, state_of

BASE: dict[str, Any] = {
    "enabled": True,
    "rollout_percentage": 100,
    "targets": [{"variation": "on", "ids": ["a", "b"]}],
    "prerequisites": [],
    "rules": [{"id": name, "if": {"everyone": True}, "serve": {"variation": "on"}} for name in ("one", "two", "three")],
}


def other(**fields: Any) -> dict[str, Any]:
    return BASE | fields


def ids(document: Any) -> list[str]:
    return [entry["id"] for entry in document["rules"]]


def without(name: str) -> list[dict[str, Any]]:
    return [entry for entry in BASE["rules"] if entry["id"] != name]


def test_changes_of_different_fields_come_together() -> None:
    found = merged(BASE, other(enabled=False), other(rollout_percentage=5))
    assert (found.document, found.clashes) == (other(enabled=False, rollout_percentage=5), [])


def test_the_same_change_twice_is_one() -> None:
    found = merged(BASE, other(enabled=False), other(enabled=False))
    assert (found.document, found.clashes) == (other(enabled=False), [])


def test_rules_come_together_one_by_one() -> None:
    new = {"id": "new", "if": {"everyone": True}, "serve": {"variation": "off"}}
    found = merged(BASE, other(rules=[new, *BASE["rules"]]), other(rules=without("two")))
    assert (ids(found.document), found.clashes) == (["new", "one", "three"], [])


def test_a_new_rule_stays_behind_the_rule_that_it_was_put_behind() -> None:
    new = {"id": "new", "if": {"everyone": True}, "serve": {"variation": "off"}}
    mine = other(rules=[BASE["rules"][0], new, *BASE["rules"][1:]])
    found = merged(BASE, mine, other(rules=BASE["rules"][::-1]))
    assert ids(found.document) == ["three", "two", "one", "new"]


@pytest.mark.parametrize(("at", "i_moved"), [(0, False), (1, False), (3, False), (1, True)])
def test_where_both_put_rules_at_one_place_those_in_force_come_first(at: int, i_moved: bool) -> None:
    def put(*names: str, moved: bool = False) -> dict[str, Any]:
        new = [{"id": name, "if": {"everyone": True}, "serve": {"variation": "off"}} for name in names]
        own = [*BASE["rules"][:at], *new, *BASE["rules"][at:]]
        others = [entry for entry in own if entry["id"] in {"two", "three"}][::-1]
        return other(rules=[others.pop(0) if moved and e["id"] in {"two", "three"} else e for e in own])

    found = merged(BASE, put("mine", "mine-too", moved=i_moved), put("theirs", "theirs-too"))
    assert ids(found.document)[at : at + 4] == ["theirs", "theirs-too", "mine", "mine-too"]
    assert [(mine["id"], theirs["id"]) for mine, theirs in found.behind] == [
        ("mine", "theirs-too"),
        ("mine-too", "theirs-too"),
    ]
    (new,) = (entry for entry in put("x")["rules"] if entry["id"] == "x")
    assert merged(BASE, put("mine"), other(rules=[*BASE["rules"][:2], new, BASE["rules"][2]])).behind == []


def test_targets_come_together_id_by_id() -> None:
    mine = other(targets=[{"variation": "on", "ids": ["a", "b", "c"]}])
    theirs = other(targets=[{"variation": "on", "ids": ["a"]}, {"variation": "off", "ids": ["d"]}])
    found = merged(BASE, mine, theirs)
    assert found.clashes == []
    assert found.document["targets"] == [
        {"variation": "on", "ids": ["a", "c"]},
        {"variation": "off", "ids": ["d"]},
    ]


def test_the_same_part_changed_in_two_ways_has_to_be_settled() -> None:
    found = merged(BASE, other(rollout_percentage=10), other(rollout_percentage=20))
    assert [(clash.path, clash.base, clash.mine, clash.theirs) for clash in found.clashes] == [
        ("rollout_percentage", 100, 10, 20)
    ]
    assert found.unsettled == found.clashes
    for side, percentage in (("mine", 10), ("theirs", 20)):
        settled = merged(BASE, other(rollout_percentage=10), other(rollout_percentage=20), {"rollout_percentage": side})
        assert (settled.document["rollout_percentage"], settled.unsettled) == (percentage, [])


def test_a_rule_that_one_changed_and_the_other_took_away_has_to_be_settled() -> None:
    changed = [{**entry, "name": "A name"} if entry["id"] == "two" else entry for entry in BASE["rules"]]
    found = merged(BASE, other(rules=changed), other(rules=without("two")), {"rules[two]": "theirs"})
    assert ([clash.path for clash in found.clashes], ids(found.document)) == (["rules[two]"], ["one", "three"])


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


def proposed(person: Person, flag: Flag, environment: Environment, **fields: Any) -> ChangeRequest:
    version = state_of(flag, environment).version
    edit = FlagEdit(flag.key, states={environment.key: fields}, versions={environment.key: version})
    return propose(project=flag.project, edits=[edit], by=person.actor)


def test_both_changes_are_shown_and_merged_and_published(ed: Person, checkout: Flag, production: Environment) -> None:
    beta = rule(equals("plan", "beta"), name="Beta")
    request = proposed(ed, checkout, production, rules=[beta])
    set_fields(checkout, production, "Slowly", rollout_percentage=5)
    (collision,) = compare(request).collisions
    assert [change.sentence for change in collision.theirs] == ["Rollout 100 % → 5 %."]
    assert ["Beta" in change.sentence for change in collision.mine] == [True]
    assert [revision.comment for revision in collision.revisions] == ["Slowly"]
    both = merge(request, choices={}, by=ed.actor, version=1)
    publish_change_request(both, by=ed.actor, version=2)
    state = state_of(checkout, production)
    assert (state.rollout_percentage, [entry["name"] for entry in state.rules]) == (Decimal(5), ["Beta"])


def test_the_page_says_which_of_two_rules_at_one_place_comes_first(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, checkout, production, rules=[rule(equals("plan", "beta"), name="Mine")])
    set_fields(checkout, production, rules=[rule(equals("plan", "pro"), name="Theirs")])
    page = Desk(ed).get("flags_changerequest_change", request.pk).content.decode()
    assert "“Theirs”, which is in force, comes first, then “Mine”." in page
    (conflict,) = ed.client().get(f"/change-requests/{request.pk}").json()["conflicts"]
    assert len(conflict["order"]) == 1
    both = merge(request, choices={}, by=ed.actor, version=1)
    publish_change_request(both, by=ed.actor, version=2)
    assert [entry["name"] for entry in state_of(checkout, production).rules] == ["Theirs", "Mine"]


@pytest.mark.parametrize(("side", "percentage"), [("mine", 50), ("theirs", 5)])
def test_a_clash_waits_until_it_is_settled(
    ed: Person, checkout: Flag, production: Environment, side: str, percentage: int
) -> None:
    request = proposed(ed, checkout, production, rollout_percentage=50, enabled=False)
    set_fields(checkout, production, rollout_percentage=5)
    with pytest.raises(InvalidInput):
        merge(request, choices={}, by=ed.actor, version=1)
    place = "flag checkout in production: rollout_percentage"
    both = merge(request, choices={place: side}, by=ed.actor, version=1)
    publish_change_request(both, by=ed.actor, version=2)
    state = state_of(checkout, production)
    assert (state.rollout_percentage, state.enabled) == (Decimal(percentage), False)


def test_a_merge_that_leaves_nothing_to_change_says_so(ed: Person, checkout: Flag, production: Environment) -> None:
    request = proposed(ed, checkout, production, rollout_percentage=50)
    set_fields(checkout, production, rollout_percentage=50)
    with pytest.raises(NothingChanges):
        merge(request, choices={}, by=ed.actor, version=1)


def test_what_environments_share_is_merged_too(ed: Person, shop: Project, checkout: Flag) -> None:
    versions = {state.environment.key: state.version for state in checkout.states.all()}
    edit = FlagEdit("checkout", {"name": "Till", "tags": ["web"]}, {}, versions)
    request = propose(project=shop, edits=[edit], by=ed.actor)
    shared: Any = {"description": "Where one pays", "tags": ["shop"]}
    update_flag_everywhere(project=shop, key="checkout", shared=shared, states={}, if_versions=versions, by=SYSTEM)
    publish_change_request(merge(request, choices={}, by=ed.actor, version=1), by=ed.actor, version=2)
    checkout.refresh_from_db()
    assert (checkout.name, checkout.description, checkout.tag_names()) == ("Till", "Where one pays", ["shop", "web"])


def test_lists_of_a_segment_come_together_id_by_id(ed: Person, shop: Project) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["a", "b"]}, by=SYSTEM)
    request = propose(project=shop, edits=[SegmentEdit("staff", {"included": ["a", "b", "c"]}, 1)], by=ed.actor)
    update_segment(project=shop, key="staff", fields={"included": ["b"], "name": "Staff"}, by=SYSTEM)
    publish_change_request(merge(request, choices={}, by=ed.actor, version=1), by=ed.actor, version=2)
    segment = shop.segments.get(key="staff")
    assert (segment.included, segment.name) == (["b", "c"], "Staff")


def test_what_is_gone_cannot_be_merged_with(ed: Person, checkout: Flag, production: Environment) -> None:
    request = proposed(ed, checkout, production, rollout_percentage=50)
    checkout.delete()
    assert compare(request).gone == ["There is no flag `checkout`."]
    with pytest.raises(InvalidInput):
        merge(request, choices={}, by=ed.actor, version=1)
