"""Segments in the admin."""

from typing import Any

import orjson
import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.models import Revision
from flagsite.lib.text_fields import MAX_LISTED_IDS
from segments.models import Segment
from segments.services import create_segment, update_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, form_in, messages_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

IN_US = '{"attribute": "country", "operator": "equals", "value": "US"}'


@pytest.fixture
def desk(ed: Person) -> Desk:
    return Desk(ed)


@pytest.fixture
def staff(shop: Project) -> Segment:
    condition = {"attribute": "email", "operator": "ends_with", "value": "@shop.example"}
    fields: Any = {"name": "Staff", "condition": condition, "included": ["user-1", "user-2"]}
    return create_segment(project=shop, key="staff", fields=fields, by=SYSTEM)


def test_a_new_segment_is_published_with_who_why_and_from_where(desk: Desk, production: Environment) -> None:
    answer = desk.add(
        "segments_segment", key="us", name="US", condition=IN_US, included="a\r\n\r\n b \r\n", comment="Why"
    )
    assert answer.status_code == 302
    segment = Segment.objects.get(key="us")
    assert (segment.condition, segment.included) == (orjson.loads(IN_US), ["a", "b"])
    revision = Revision.objects.filter(environment=production).latest("number")
    assert (revision.actor_label, revision.source, revision.comment) == ("ed", "admin", "Why")
    entry = LogEntry.objects.latest("pk")
    assert entry.additional_data["source"] == "admin"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("key", "Not a key"),
        ("key", "staff"),
        ("condition", "{"),
        ("condition", "[]"),
        ("condition", '{"attribute": "country", "operator": "resembles", "value": "US"}'),
        ("condition", '{"segment": "nowhere"}'),
        ("condition", "[" * 100_000),
        ("condition", '{"attribute": "a", "operator": "equals", "value": "\\u0000"}'),
        ("condition", '{"attribute": "a", "operator": "equals", "value": NaN}'),
    ],
)
def test_what_cannot_be_a_segment_is_said_at_its_field(field: str, text: str, desk: Desk, staff: Segment) -> None:
    with nothing_changes():
        answer = desk.add("segments_segment", **{"key": "us", field: text})
        assert field in errors_in(answer)
    assert form_in(answer)[field].value() == text, "what was typed is still there"


def test_an_untouched_form_changes_nothing(desk: Desk, staff: Segment) -> None:
    with nothing_changes():
        assert desk.save(staff).status_code == 302


def test_a_change_keeps_what_was_not_touched(desk: Desk, staff: Segment) -> None:
    desk.publish(desk.save(staff, excluded="user-9", key="other"))
    staff.refresh_from_db()
    assert (staff.key, staff.included, staff.excluded, staff.version) == ("staff", ["user-1", "user-2"], ["user-9"], 2)


def test_a_segment_that_somebody_else_changed_is_not_overwritten(desk: Desk, staff: Segment, shop: Project) -> None:
    shown = desk.shown(staff)
    update_segment(project=shop, key="staff", fields={"name": "All staff"}, by=SYSTEM)
    with nothing_changes():
        answer = desk.post("segments_segment_change", staff.pk, **{**shown, "description": "Mine"})
        assert "version 2, not 1" in str(errors_in(answer)["__all__"])
    assert form_in(answer)["description"].value() == "Mine"


def test_a_long_list_is_counted_and_never_rendered(desk: Desk, shop: Project) -> None:
    many = [f"user-{n}" for n in range(MAX_LISTED_IDS + 1)]
    segment = create_segment(project=shop, key="many", fields={"included": many, "excluded": ["one"]}, by=SYSTEM)
    page = desk.open(segment)
    assert "1,001 ids" in page.content.decode()
    assert "user-500" not in page.content.decode()
    desk.publish(desk.save(segment, name="Many", included=""))
    segment.refresh_from_db()
    assert (segment.name, segment.included) == ("Many", many)


def test_ids_that_a_text_could_not_hold_are_not_put_into_one(desk: Desk, shop: Project) -> None:
    segment = create_segment(project=shop, key="odd", fields={"included": ["a\nb", " c"]}, by=SYSTEM)
    desk.publish(desk.save(segment, name="Odd"))
    segment.refresh_from_db()
    assert segment.included == ["a\nb", " c"]


def test_a_segment_in_use_is_not_deleted_and_the_message_says_by_what(
    desk: Desk, staff: Segment, shop: Project
) -> None:
    create_segment(project=shop, key="beta", fields={"condition": {"segment": "staff"}}, by=SYSTEM)
    with nothing_changes():
        answer = desk.delete(staff)
    assert any("in use" in message for message in messages_in(desk.client.get(answer.headers["Location"])))


def test_a_deleted_segment_leaves_a_revision(desk: Desk, staff: Segment, production: Environment) -> None:
    desk.publish(desk.delete(staff))
    revision = Revision.objects.filter(environment=production).latest("number")
    assert orjson.loads(revision.delta)["segments"] == {"staff": None}


def test_history_leads_to_the_timeline_of_the_segment(desk: Desk, staff: Segment) -> None:
    address = desk.get("segments_segment_history", staff.pk).headers["Location"]
    assert address == "/admin/flags/revision/timeline/?project=shop&kind=segment&key=staff"


def test_a_viewer_reads_a_segment_without_a_form(vi: Person, staff: Segment) -> None:
    page = Desk(vi).open(staff).content.decode()
    assert "@shop.example" in page
    assert "user-2" in page
    assert 'name="_save"' not in page


def test_the_list_takes_as_many_queries_for_many_as_for_few(desk: Desk, shop: Project, staff: Segment) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.rows("segments_segment")
        return len(captured)

    queries()
    few = queries()
    for number in range(20):
        create_segment(project=shop, key=f"segment-{number}", fields={"included": ["a"]}, by=SYSTEM)
    assert queries() == few
