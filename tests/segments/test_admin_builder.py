"""The server's part of the condition builder on a segment's page."""

from typing import Any

import orjson
import pytest

from accounts.models import Project
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in

pytestmark = pytest.mark.django_db


def told(page: Any) -> Any:
    return orjson.loads(page.context["page_data"])


def test_what_was_refused_is_told_with_the_path_of_its_place(ed: Person, shop: Project) -> None:
    condition = '{"any": [{"attribute": "age", "operator": "gt", "value": "old"}]}'
    page = Desk(ed).add("segments_segment", key="adults", condition=condition)
    assert told(page)["problems"] == [{"path": "if.any[0].value", "message": "Must be a number."}]


def test_a_peek_says_who_is_in_without_the_ids(vi: Person, shop: Project) -> None:
    condition = {"attribute": "email", "operator": "ends_with", "value": "@shop.example"}
    fields: Any = {"name": "Staff", "condition": condition, "included": ["a", "b"], "excluded": ["c"]}
    segment = create_segment(project=shop, key="staff", fields=fields, by=SYSTEM)
    assert Desk(vi).get("segments_segment_peek", shop.pk, key="staff").json() == {
        "key": "staff",
        "name": "Staff",
        "description": "",
        "words": "email ends with @shop.example",
        "included": 2,
        "excluded": 1,
        "address": f"/admin/segments/segment/{segment.pk}/change/",
    }


def test_there_is_no_peek_at_what_one_may_not_see_or_what_is_not_there(vi: Person, otto: Person, shop: Project) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    assert Desk(otto).get("segments_segment_peek", shop.pk, key="staff").status_code == 404
    assert Desk(vi).get("segments_segment_peek", shop.pk, key="nowhere").status_code == 404


def test_segments_are_suggested_by_key_and_name(ed: Person, shop: Project) -> None:
    create_segment(project=shop, key="staff", fields={"name": "People of ours"}, by=SYSTEM)
    create_segment(project=shop, key="beta", fields={}, by=SYSTEM)
    found = Desk(ed).get("segments_segment_offers", shop.pk, q="ours").json()["segments"]
    assert found == [{"key": "staff", "name": "People of ours"}]


def test_viewers_read_the_condition_in_words(vi: Person, shop: Project) -> None:
    condition = {"not": {"attribute": "country", "operator": "equals", "value": "US"}}
    segment = create_segment(project=shop, key="abroad", fields={"condition": condition}, by=SYSTEM)
    page = Desk(vi).open(segment).content.decode()
    assert "Not (country is US)" in page
    assert "segment_page.js" not in page


def test_saving_a_segment_leads_to_its_review_and_publishing_there_changes_it(ed: Person, shop: Project) -> None:
    segment = create_segment(project=shop, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    desk, condition = Desk(ed), {"segment": "beta"}
    create_segment(project=shop, key="beta", fields={"included": ["b"]}, by=SYSTEM)
    saved = desk.save(segment, condition=orjson.dumps(condition).decode())
    segment.refresh_from_db()
    assert segment.condition is None, "nothing has changed before it was reviewed"
    desk.publish(saved)
    segment.refresh_from_db()
    assert segment.condition == condition


def test_an_untouched_segment_stays_at_its_page_and_says_so(ed: Person, shop: Project) -> None:
    segment = create_segment(project=shop, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    desk = Desk(ed)
    answer = desk.save(segment)
    assert answer.headers["Location"] == f"/admin/segments/segment/{segment.pk}/change/"
    assert any("Nothing would change" in message for message in messages_in(desk.open(segment)))
