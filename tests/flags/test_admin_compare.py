"""Comparing two environments in the admin, and promoting what was picked, through the review."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.documents import state_document
from flags.editing.promoting import parts_between, taken
from flags.models import ChangeRequest, Flag, FlagState
from flags.services import open_environment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in
from tests.flags.builders import equals, make, rule, set_fields, state_of
from tests.flags.test_query_counts import more_flags
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

COMPARE, PROMOTE = "flags_flag_compare", "flags_flag_promote"
STAGING_TO_PRODUCTION = {"project": "shop", "source": "staging", "target": "production"}


@pytest.fixture
def staging(shop: Project) -> Environment:
    return shop.environments.get(key="staging")


@pytest.fixture
def different(sale: Flag, staging: Environment) -> Flag:
    """On for the pro plan in staging, for everybody in production."""
    set_fields(sale, staging, enabled=True, rules=[rule(equals("plan", "pro"), name="Pro")], rollout_percentage=0)
    return sale


def compare(desk: Desk, **query: str) -> Any:
    page = desk.get(COMPARE, **{**STAGING_TO_PRODUCTION, **query})
    assert page.status_code == 200, page.status_code
    return page


def told(page: Any) -> dict[str, dict[str, tuple[str, ...]]]:
    return {pair.target.flag.key: {part.name: part.sentences for part in pair.parts} for pair in page.context["pairs"]}


def promote(desk: Desk, page: Any, *picked: str, **data: Any) -> Any:
    """Send the page back with these differences picked."""
    seen = {f"seen:{pair.target.flag.key}": pair.seen for pair in page.context["pairs"]}
    return desk.post(PROMOTE, **{**STAGING_TO_PRODUCTION, **seen, "pick": list(picked), **data})


def test_two_environments_differ_in_sentences(desk: Desk, different: Flag, banner: Flag, staging: Environment) -> None:
    set_fields(banner, staging, enabled=True)
    page = compare(desk)
    added = 'Rule "Pro" added at position 1: if plan is pro, serve "on".'
    assert told(page) == {"sale": {"rules": (added,), "rollout_percentage": ("Rollout 100 % → 0 %.",)}}
    assert page.context["alike"] == 1
    for words in ("1 flag differs", "1 is alike", "Production would change like this", "Promote to Production"):
        assert words in page.content.decode()


def test_it_begins_with_the_last_two_environments(desk: Desk, different: Flag) -> None:
    page = desk.get(COMPARE)
    assert (page.context["source"].key, page.context["target"].key) == ("staging", "production")


def test_one_flag_and_a_search(desk: Desk, different: Flag, banner: Flag) -> None:
    assert set(told(compare(desk))) == {"sale", "banner"}
    assert set(told(compare(desk, flag="banner"))) == {"banner"}
    assert set(told(compare(desk, find="sal"))) == {"sale"}
    assert told(compare(desk, flag="nowhere")) == {}


def test_what_was_picked_is_promoted_through_the_review_and_nothing_else(
    desk: Desk, different: Flag, production: Environment, staging: Environment
) -> None:
    salt = state_of(different, production).salt
    answer = promote(desk, compare(desk), "sale:rules", comment="It went well in staging")
    (entry,) = desk.review(answer).context["review"].told
    assert entry.sentences == ('Rule "Pro" added at position 1: if plan is pro, serve "on".',)
    assert state_of(different, production).rules == []
    desk.publish(answer)
    state = state_of(different, production)
    assert state.rules == state_of(different, staging).rules
    assert state.rollout_percentage == 100
    assert state.salt == salt
    assert ChangeRequest.objects.get().comment == "It went well in staging"


def test_several_flags_are_promoted_together(
    desk: Desk, different: Flag, banner: Flag, production: Environment
) -> None:
    desk.publish(promote(desk, compare(desk), "sale:rollout_percentage", "banner:enabled"))
    assert state_of(different, production).rollout_percentage == 0
    assert not state_of(banner, production).enabled
    assert ChangeRequest.objects.get().comment == "Promoted from Staging"


def test_the_salt_is_copied_only_when_it_is_picked_and_the_page_says_what_that_does(
    desk: Desk, sale: Flag, production: Environment, staging: Environment
) -> None:
    set_fields(sale, staging, enabled=True, salt="another", rollout_percentage=50)
    page = compare(desk, flag="sale")
    text = page.content.decode()
    assert "everybody in Production changes their bucket" in text
    assert 'value="sale:rollout_percentage" id="pick-sale-rollout_percentage" checked' in text
    assert 'value="sale:salt" id="pick-sale-salt">' in text
    desk.publish(promote(desk, page, "sale:rollout_percentage"))
    assert state_of(sale, production).salt != "another"
    desk.publish(promote(desk, compare(desk, flag="sale"), "sale:salt"))
    assert state_of(sale, production).salt == "another"


def test_every_field_of_a_state_can_be_told_and_taken(
    sale: Flag, production: Environment, staging: Environment
) -> None:
    make(sale.project, "other")
    fields: Any = {
        "enabled": True,
        "salt": "another",
        "off_variation": "on",
        "fallthrough": {"variation": "off"},
        "rollout_percentage": 12.5,
        "targets": [{"variation": "on", "ids": ["ann"]}],
        "rules": [rule(equals("plan", "pro"))],
        "prerequisites": [{"flag": "other", "variation": "on"}],
    }
    set_fields(sale, production, enabled=False)
    set_fields(sale, staging, **fields)
    ours, theirs = (state_document(FlagState.objects.get(flag=sale, environment=e)) for e in (staging, production))
    parts = parts_between(theirs, ours)
    assert {part.name for part in parts} == fields.keys()
    assert all(part.sentences for part in parts)
    assert [part.name for part in parts if part.is_salt] == ["salt"]
    assert {**theirs, **taken(ours, {part.name for part in parts})} == ours


@pytest.mark.parametrize("side", ["staging", "production"])
def test_what_has_changed_since_it_was_compared_is_not_promoted(
    desk: Desk, different: Flag, shop: Project, production: Environment, side: str
) -> None:
    page = compare(desk)
    set_fields(different, shop.environments.get(key=side), targets=[{"variation": "on", "ids": ["ann"]}])
    answer = promote(desk, page, "sale:rules")
    assert "/compare/" in answer.headers["Location"]
    assert "has changed" in messages_in(desk.client.get(answer.headers["Location"]))[0]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("picked", "words"),
    [
        ([], "Pick at least one difference"),
        (["sale:variations"], "cannot be promoted"),
        (["nowhere:rules"], "There is no flag nowhere."),
        ([f"flag-{number}:rules" for number in range(51)], "at most 50 flags along, not 51"),
    ],
)
def test_what_cannot_be_promoted_is_said(desk: Desk, different: Flag, picked: list[str], words: str) -> None:
    with nothing_changes():
        answer = desk.post(PROMOTE, **STAGING_TO_PRODUCTION, pick=picked)
    assert words in messages_in(desk.client.get(answer.headers["Location"]))[0]


def test_a_prerequisite_is_promoted_only_when_it_fits(
    desk: Desk, different: Flag, banner: Flag, staging: Environment, production: Environment
) -> None:
    set_fields(banner, production, prerequisites=[{"flag": "sale", "variation": "on"}])
    set_fields(different, staging, prerequisites=[{"flag": "banner", "variation": "a"}])
    answer = promote(desk, compare(desk), "sale:prerequisites")
    assert "circle" in messages_in(desk.client.get(answer.headers["Location"]))[0]


def test_what_differs_comes_a_page_at_a_time(
    desk: Desk, shop: Project, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.admin.compare.MAX_PROMOTED", 2)
    more_flags(shop, 5)
    FlagState.objects.filter(environment=production).update(enabled=True)
    assert list(told(compare(desk))) == ["flag-0", "flag-1"]
    page = compare(desk, p="3")
    assert list(told(page)) == ["flag-4"]
    assert "Page 3 of 3" in page.content.decode()


def test_a_comparison_costs_the_same_however_many_flags_there_are(
    desk: Desk, shop: Project, production: Environment, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def cost() -> int:
        compare(desk)
        with CaptureQueriesContext(connection) as captured:
            compare(desk)
        return len(captured)

    costs = []
    for number in (2, 20):
        more_flags(shop, number)
        FlagState.objects.filter(environment=production).update(enabled=True)
        costs.append(cost())
    assert costs[0] == costs[1] <= 20


def test_a_viewer_compares_and_is_offered_nothing(vi: Person, ed: Person, different: Flag) -> None:
    desk = Desk(vi)
    page = compare(desk)
    assert "Rollout 100 % → 0 %." in page.content.decode()
    for words in ("Promote", 'name="pick"', "Pick all"):
        assert words not in page.content.decode().replace("Compare and promote", "")
    with nothing_changes():
        assert promote(desk, page, "sale:rules").status_code == 403


def test_people_of_other_projects_find_nothing(otto: Person, nina: Person, different: Flag) -> None:
    for person in (otto, nina):
        desk = Desk(person)
        assert desk.get(COMPARE, project="shop").status_code == 404
        with nothing_changes():
            assert desk.post(PROMOTE, **STAGING_TO_PRODUCTION, pick="sale:rules").status_code == 404
    page = Desk(otto).get(COMPARE)
    assert "fewer than two environments" in page.content.decode()


def test_environments_of_one_project_only(sam: Person, otto: Person, different: Flag, shop: Project) -> None:
    open_environment(project=shop, key="qa", name="QA", by=SYSTEM)
    desk = Desk(sam)
    page = desk.get(COMPARE, project="shop", source="nowhere", target="qa")
    assert (page.context["source"].key, page.context["target"].key) == ("production", "qa")
    assert desk.get(COMPARE, project="elsewhere", source="qa", target="production").status_code == 200
    assert desk.get(PROMOTE).status_code == 405
    for wrong in ({"source": "nowhere"}, {"target": "nowhere"}, {"source": ""}):
        assert desk.post(PROMOTE, **{**STAGING_TO_PRODUCTION, **wrong}, pick="sale:rules").status_code == 404


def test_what_people_wrote_is_shown_and_never_run(desk: Desk, different: Flag, staging: Environment) -> None:
    script = "<script>alert(1)</script>"
    set_fields(different, staging, rules=[rule(equals(script, script), name=script)])
    for page in (compare(desk), compare(desk, find=script), compare(desk, flag=script)):
        assert script not in page.content.decode()
