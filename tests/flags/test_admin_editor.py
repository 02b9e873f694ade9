"""The server's part of the editor of flags: what its scripts are told, and what they ask for."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.editing.starters import STARTERS
from flags.models import Flag, RecentContext
from flagsite.lib import clock
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, form_in
from tests.flags.builders import equals, in_, make, rule, set_fields

pytestmark = pytest.mark.django_db


def told(page: Any) -> Any:
    """What the page tells its scripts."""
    return orjson.loads(page.context["page_data"])


def test_the_editor_is_told_which_field_holds_what(desk: Desk, sale: Flag, production: Environment) -> None:
    page = desk.open(sale)
    environments = told(page)["environments"]
    assert [environment["key"] for environment in environments] == ["development", "staging", "production"]
    html = page.content.decode()
    for field in (*environments[-1]["fields"].values(), told(page)["variations"]):
        assert f'id="{field}"' in html


def test_what_was_refused_is_told_with_the_path_of_its_place(desk: Desk, sale: Flag, production: Environment) -> None:
    condition = {"all": [equals("country", "US"), {"attribute": "age", "operator": "gt", "value": "old"}]}
    rules = orjson.dumps([rule(condition)]).decode()
    page = desk.save(sale, **in_(production, rules=rules))
    path = "states[production].rules[0].if.all[1].value"
    assert told(page)["problems"] == [{"path": path, "message": "Must be a number."}]
    assert form_in(page)[f"state_{production.pk}_rules"].value() == rules, "what was typed is still there"


def test_what_is_wrong_before_a_service_is_asked_is_told_likewise(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    page = desk.save(sale, **in_(production, rollout_percentage="100.001"), variations="[{")
    assert {problem["path"] for problem in told(page)["problems"]} == {
        "states[production].rollout_percentage",
        "variations",
    }


@pytest.mark.parametrize(
    ("percentage", "words"),
    [
        ("12.3456", "At most 3 decimals."),
        ("100.1", "From 0 to 100."),
        ("-1", "From 0 to 100."),
        ("", "Write a percentage."),
    ],
)
def test_a_percentage_that_is_none_is_told_in_few_words(
    desk: Desk, sale: Flag, production: Environment, percentage: str, words: str
) -> None:
    page = desk.save(sale, **in_(production, rollout_percentage=percentage))
    assert told(page)["problems"] == [{"path": "states[production].rollout_percentage", "message": words}]


def test_who_was_slower_takes_what_was_typed_to_the_review_against_what_is_there_now(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    sent = {**desk.shown(sale), **in_(production, enabled="")}
    set_fields(sale, production, rollout_percentage=5)
    page = desk.post("flags_flag_change", sale.pk, **sent)
    assert told(page)["stale"]
    present = {field.removeprefix("id_"): version for field, version in told(page)["versions"].items()}
    review = desk.review(desk.post("flags_flag_change", sale.pk, **{**sent, **present})).content.decode()
    assert "Turned off." in review
    assert "5 % → 100 %" in review, "what would be taken back is said too"


def test_attributes_are_suggested_with_the_kinds_that_they_seem_to_have(
    desk: Desk, sale: Flag, shop: Project, production: Environment
) -> None:
    nested = {"any": [{"not": equals("beta", True)}, {"attribute": "plans", "operator": "any_of", "value": ["pro"]}]}
    serve = {"serve": {"variation": "on", "bucket_by": "organisation.id"}}
    set_fields(sale, production, rules=[rule(nested) | serve, rule({"attribute": "seen", "operator": "exists"})])
    create_segment(
        project=shop,
        key="adults",
        fields={"condition": {"attribute": "age", "operator": "gte", "value": 18}},
        by=SYSTEM,
    )
    answer = desk.get("segments_segment_attributes", shop.pk)
    assert answer.json()["attributes"] == {
        "age": ["number"],
        "beta": ["boolean"],
        "id": ["text"],
        "organisation.id": ["text"],
        "plans": ["list"],
        "seen": [],
    }


def test_values_are_suggested_that_contexts_had_lately(desk: Desk, shop: Project, production: Environment) -> None:
    shop.recorded_attributes = ["plan"]
    shop.save()
    for name, plan in (("ann", "pro"), ("ben", "free")):
        seen = {"context_id": name, "attributes": {"plan": plan, "age": 7}, "seen_at": clock.now()}
        RecentContext(environment=production, **seen).save()
    answer = desk.get("segments_segment_attributes", shop.pk).json()
    assert answer["attributes"]["plan"] == ["text"]
    assert {path: sorted(values) for path, values in answer["values"].items()} == {"plan": ["free", "pro"]}


def test_flags_are_suggested_with_their_variations_and_never_all_of_them(desk: Desk, sale: Flag, shop: Project) -> None:
    for number in range(40):
        make(shop, f"flag-{number}")
    assert len(desk.get("flags_flag_offers", shop.pk).json()["flags"]) == 30
    (found,) = desk.get("flags_flag_offers", shop.pk, q="sal").json()["flags"]
    assert (found["key"], [one["key"] for one in found["variations"]]) == ("sale", ["on", "off"])


@pytest.mark.parametrize("page", ["flags_flag_offers", "segments_segment_offers", "segments_segment_attributes"])
def test_suggestions_are_for_those_who_see_the_project(page: str, vi: Person, otto: Person, shop: Project) -> None:
    assert Desk(vi).get(page, shop.pk).status_code == 200
    assert Desk(otto).get(page, shop.pk).status_code == 404


def test_the_page_takes_as_many_queries_however_many_flags_there_are(
    desk: Desk, sale: Flag, shop: Project, production: Environment
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.open(sale)
        return len(captured)

    queries()
    few = queries()
    for number in range(10):
        make(shop, f"flag-{number}")
    set_fields(sale, production, rules=[rule(equals("country", "US")) for _ in range(20)])
    assert queries() == few


def test_the_page_tells_of_changes_that_wait_to_everybody_who_sees_it(
    ed: Person, vi: Person, sale: Flag, banner: Flag, production: Environment
) -> None:
    desk = Desk(ed)

    def waiting(person: Person, flag: Flag) -> list[str]:
        page = Desk(person).open(flag)
        assert all(one.address in page.content.decode() for one in page.context["pending"])
        return [f"{one.title}: {one.sentence}" for one in page.context["pending"]]

    assert waiting(vi, sale) == []
    saved = desk.save(sale, **in_(production, rollout_percentage="40"))
    assert (
        waiting(vi, sale)
        == waiting(ed, sale)
        == ["Change sale in production: Rollout 100 % → 40 %. ed proposes it, for Production."]
    )
    assert waiting(vi, banner) == []
    at = clock.now() + timedelta(days=2)
    desk.publish(saved, at=f"{at:%Y-%m-%dT%H:%M}")
    (told,) = waiting(vi, sale)
    assert told.endswith(f"It will be published {at.day} {at:%b %Y, %H:%M} UTC.")
    desk.post("flags_changerequest_withdraw", desk.review(saved).context["review"].change_request.pk)
    assert waiting(vi, sale) == []


def test_viewers_read_rules_in_words(vi: Person, sale: Flag, production: Environment) -> None:
    condition = {"any": [equals("country", "US"), {"not": {"segment": "staff"}}]}
    create_segment(project=sale.project, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    targets = [{"variation": "off", "ids": ["user-7"]}]
    set_fields(sale, production, rules=[rule(condition, name="At home", rollout_percentage=12.5)], targets=targets)
    page = Desk(vi).open(sale).content.decode()
    for words in ("Rule 1: At home", "country is US", "OR", "not in the segment staff", "To 12.5 %", "user-7"):
        assert words in page
    assert "flag_page.js" not in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.key)
def test_a_flag_can_be_made_from_every_template_as_it_stands(starter: Any, desk: Desk, shop: Project) -> None:
    form = form_in(desk.get("flags_flag_add", template=starter.key))
    variations = form["variations"].value()
    sent = {"type": form["type"].value(), "tags": form["tags"].value(), "variations": variations}
    assert desk.add("flags_flag", key="made", **sent).status_code == 302
    made = Flag.objects.get(key="made")
    assert (made.type, made.tag_names(), made.variations) == (
        starter.type,
        list(starter.tags),
        list(starter.variations),
    )


def test_the_page_of_a_new_flag_offers_the_templates(desk: Desk) -> None:
    assert [starter["title"] for starter in told(desk.get("flags_flag_add"))["starters"]] == [
        "Release",
        "Experiment",
        "Kill switch",
        "Permission",
        "Configuration",
    ]
