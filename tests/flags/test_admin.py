"""Flags in the admin: added, listed, read and deleted."""

from typing import Any

import orjson
import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from accounts.services import create_project
from flags.models import Flag, Revision
from flags.services import update_flag
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, messages_in
from tests.flags.builders import equals, heads, in_, make, rule, state_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_new_flag_is_off_everywhere_and_leads_to_its_page(desk: Desk, shop: Project) -> None:
    answer = desk.add("flags_flag", key="sale", type="boolean", tags="a, b,a", comment="For spring")
    flag = Flag.objects.get(key="sale")
    assert answer.headers["Location"] == f"/admin/flags/flag/{flag.pk}/change/"
    assert flag.tag_names() == ["a", "b"]
    assert not flag.states.filter(enabled=True).exists()
    revision = Revision.objects.filter(environment__key="production").latest("number")
    assert (revision.actor_label, revision.source, revision.comment) == ("ed", "admin", "For spring")
    entry = LogEntry.objects.latest("pk")
    assert (entry.additional_data["source"], entry.additional_data["actor"]) == ("admin", "ed")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("key", "Not a key"),
        ("key", "sale"),
        ("type", "colour"),
        ("tags", "x" * 65),
        ("tags", ",".join(str(n) for n in range(21))),
        ("variations", "[{]"),
        ("variations", "[]"),
        ("variations", "{}"),
        ("variations", "[1]"),
        ("variations", '[{"key": "on", "value": "yes"}]'),
        ("variations", '[{"key": "on", "value": true}, {"key": "on", "value": false}]'),
        ("variations", '[{"key": "on", "value": true, "colour": 1}]'),
    ],
)
def test_what_cannot_be_a_flag_is_said_at_its_field(field: str, text: str, desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        assert field in errors_in(desk.add("flags_flag", **{"key": "new", "type": "boolean", field: text}))


def test_a_project_without_environments_has_no_flags_yet(ada: Person, sam: Person) -> None:
    project = create_project(key="empty", name="Empty", by=sam.actor)
    desk = Desk(sam)
    with nothing_changes():
        answer = desk.add("flags_flag", project=project.pk, key="sale", type="boolean")
        assert "no environment yet" in str(errors_in(answer)["__all__"])


def test_a_viewer_reads_everything_without_a_form(vi: Person, sale: Flag, production: Environment) -> None:
    change: Any = {"rules": [rule(equals("country", "Atlantis"))], "rollout_percentage": 12.5}
    update_flag(project=sale.project, environment=production, key="sale", fields=change, by=SYSTEM)
    page = Desk(vi).open(sale).content.decode()
    for text in ("Atlantis", "12.5", "marketing", "On in Production"):
        assert text in page
    assert "<textarea" not in page


def test_the_list_says_what_a_flag_does_where(desk: Desk, sale: Flag, shop: Project, production: Environment) -> None:
    change: Any = {"rules": [rule(equals("country", "US"))], "rollout_percentage": 25}
    update_flag(project=shop, environment=production, key="sale", fields=change, by=SYSTEM)
    page = desk.get("flags_flag_changelist").content.decode()
    assert "development: off" in page
    assert "production: 25 % · 1 rule" in page


def test_the_list_is_searched_and_filtered(desk: Desk, sale: Flag, banner: Flag) -> None:
    assert desk.rows("flags_flag", tag="marketing") == [sale]
    assert desk.rows("flags_flag", q="bann") == [banner]
    assert desk.rows("flags_flag", project="shop") == [banner, sale]
    assert desk.rows("flags_flag", tag="nothing") == []


def test_the_list_takes_as_many_queries_for_many_as_for_few(desk: Desk, sale: Flag, shop: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.rows("flags_flag")
        return len(captured)

    queries()
    few = queries()
    for number in range(15):
        make(shop, f"flag-{number}", tags=["one", "two"], prerequisites=[{"flag": "sale", "variation": "on"}])
    assert queries() == few


def test_a_revision_names_the_flags_that_it_concerns(desk: Desk, sale: Flag, banner: Flag) -> None:
    revisions = desk.rows("flags_revision", items__kind__exact="flag", items__key__exact="sale")
    assert len(revisions) == 3
    assert {item.key for revision in revisions for item in revision.items.all()} == {"sale"}
    assert "sale" in desk.open(revisions[0]).content.decode()


def test_a_deleted_flag_is_gone_everywhere_and_its_history_stays(desk: Desk, sale: Flag) -> None:
    before = heads(sale.project)
    deletion = desk.delete(sale)
    assert Flag.objects.filter(key="sale").exists()
    assert "Deleted." in desk.review(deletion).content.decode()
    desk.publish(deletion)
    assert not Flag.objects.filter(key="sale").exists()
    assert {key: head - before[key] for key, head in heads(sale.project).items()} == dict.fromkeys(before, 1)
    assert LogEntry.objects.latest("pk").additional_data["source"] == "admin"


def test_a_flag_that_another_requires_is_kept_and_the_message_says_by_which(desk: Desk, sale: Flag) -> None:
    make(sale.project, "basket", prerequisites=[{"flag": "sale", "variation": "on"}])
    with nothing_changes():
        answer = desk.delete(sale)
    assert any("in use" in message for message in messages_in(desk.client.get(answer.headers["Location"])))


def test_there_is_no_bulk_deletion_past_the_services(desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        desk.post("flags_flag_changelist", action="delete_selected", _selected_action=sale.pk, post="yes")


def test_a_flag_may_name_a_segment(desk: Desk, sale: Flag, production: Environment) -> None:
    create_segment(project=sale.project, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    rules = orjson.dumps([rule({"segment": "staff"})]).decode()
    desk.publish(desk.save(sale, **in_(production, rules=rules)))
    assert state_of(sale, production).segment_uses.count() == 1
