"""What the timeline says of names and tags, which no revision holds, and of who had which part in a change."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.admin.history.hands import hands
from flags.editing.edits import FlagDeletion, FlagEdit
from flags.models import ChangeRequest, Flag
from flags.services import approve, delete_flag, propose, publish_change_request, update_flag
from segments.services import create_segment, update_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, address
from tests.flags.builders import state_of

pytestmark = pytest.mark.django_db

TIMELINE = "flags_revision_timeline"
SALE = {"project": "shop", "kind": "flag", "key": "sale"}


def told(page: Any) -> list[list[str]]:
    """What is said of names and the like, the newest first."""
    assert page.status_code == 200, page.status_code
    return [moment.sentences for moment in page.context["moments"] if hasattr(moment, "sentences")]


def versions(flag: Flag) -> dict[str, int]:
    return {each.key: state_of(flag, each).version for each in flag.project.environments.all()}


def renamed(person: Person, flag: Flag, name: str) -> ChangeRequest:
    edit = FlagEdit(flag.key, {"name": name, "tags": ["web"]}, {}, versions(flag))
    return propose(project=flag.project, edits=[edit], by=person.actor, comment="As marketing says")


def test_names_and_tags_are_in_the_timeline_with_who_and_why_and_the_request(
    desk: Desk, ed: Person, ada: Person, sale: Flag, banner: Flag
) -> None:
    request = renamed(ed, sale, "Spring sale")
    approve(request, by=ada.actor, version=1)
    publish_change_request(request, by=ada.actor, version=1)
    page = desk.get(TIMELINE, **SALE)
    assert told(page) == [['Name none → "Spring sale".', 'Tag "web" added.', 'Tag "marketing" removed.']]
    text = page.content.decode()
    for words in ("As marketing says", "proposed by ed, approved and published by ada", "Old and new values"):
        assert words in text
    assert address("flags_changerequest_change", request.pk) in text
    assert told(desk.get(TIMELINE, **{**SALE, "key": "banner"})) == []
    assert len(told(desk.get(TIMELINE, project="shop"))) == 1
    entry = page.context["moments"][0].entry
    assert b"Spring sale" in desk.get("auditlog_logentry_change", entry.pk).content


def test_what_is_the_same_everywhere_is_of_no_environment_and_is_filtered_like_the_rest(
    desk: Desk, shop: Project, production: Environment, sale: Flag
) -> None:
    for name in ("Spring", "Autumn"):
        update_flag(project=shop, environment=production, key="sale", fields={"name": name}, by=SYSTEM, comment=name)
    assert told(desk.get(TIMELINE, **SALE, environment="production")) == []
    assert told(desk.get(TIMELINE, **SALE, q="autumn")) == [['Name "Spring" → "Autumn".']]
    assert told(desk.get(TIMELINE, **SALE, source="admin")) == []
    assert told(desk.get(TIMELINE, **{**SALE, "kind": "nonsense"})) == []


def test_many_names_cost_as_much_as_few(desk: Desk, shop: Project, production: Environment, sale: Flag) -> None:
    costs = []
    for number in (2, 12):
        for count in range(number):
            name = f"Sale {number}.{count}"
            update_flag(project=shop, environment=production, key="sale", fields={"name": name}, by=SYSTEM)
        desk.get(TIMELINE, **SALE)
        with CaptureQueriesContext(connection) as captured:
            desk.get(TIMELINE, **SALE)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_what_was_deleted_keeps_its_names_and_a_namesake_elsewhere_has_its_own(
    desk: Desk, shop: Project, production: Environment, sale: Flag
) -> None:
    update_flag(project=shop, environment=production, key="sale", fields={"name": "Spring"}, by=SYSTEM)
    delete_flag(project=shop, environment=production, key="sale", by=SYSTEM)
    assert told(desk.get(TIMELINE, **SALE)) == [['Name none → "Spring".']]
    assert told(desk.get(TIMELINE, **{**SALE, "project": "bank"})) == []


def test_a_segment_s_name_is_told_too(desk: Desk, shop: Project) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["ann"]}, by=SYSTEM)
    update_segment(project=shop, key="staff", fields={"name": "Staff"}, by=SYSTEM)
    assert told(desk.get(TIMELINE, project="shop", kind="segment", key="staff")) == [['Name none → "Staff".']]


def test_nobody_reads_names_of_projects_that_they_do_not_see(
    otto: Person, shop: Project, production: Environment, sale: Flag
) -> None:
    update_flag(project=shop, environment=production, key="sale", fields={"name": "Spring"}, by=SYSTEM)
    assert told(Desk(otto).get(TIMELINE, **SALE)) == told(Desk(otto).get(TIMELINE)) == []


def test_who_proposed_is_named_beside_who_approved_and_published(
    desk: Desk, ed: Person, ada: Person, sale: Flag, production: Environment
) -> None:
    production.requires_approval = True
    production.save()
    request = propose(project=sale.project, edits=[FlagDeletion("sale", versions(sale))], by=ed.actor)
    approve(request, by=ada.actor, version=1)
    publish_change_request(request, by=ada.actor, version=1)
    page = desk.get(TIMELINE, **SALE).content.decode()
    assert page.count("proposed by ed, approved and published by ada") == 3  # in each environment
    (newest, *_) = ada.client().get("/flags/sale/history?environment=production").json()["results"]
    assert (newest["proposed_by"], newest["approved_by"], newest["actor"]) == ("ed", "ada", "ada")


def test_the_audit_log_leads_to_the_change_request(desk: Desk, ed: Person, sale: Flag) -> None:
    request = renamed(ed, sale, "Spring sale")
    publish_change_request(request, by=ed.actor, version=1)
    assert (
        address("flags_changerequest_change", request.pk) in desk.get("auditlog_logentry_changelist").content.decode()
    )


@pytest.mark.parametrize(
    ("proposed_by", "approved_by", "published_by", "said"),
    [
        ("jonas", "maya", "maya", "proposed by jonas, approved and published by maya"),
        ("jonas", "maya", "ada", "proposed by jonas, approved by maya, published by ada"),
        ("jonas", "maya", "jonas", "proposed and published by jonas, approved by maya"),
        ("jonas", "", "maya", "proposed by jonas, published by maya"),
        ("jonas", "", "jonas", ""),
        ("", "maya", "ramp", "approved by maya"),
        ("", "", "ramp", ""),
    ],
)
def test_each_part_is_named_once(proposed_by: str, approved_by: str, published_by: str, said: str) -> None:
    assert hands(proposed_by=proposed_by, approved_by=approved_by, published_by=published_by) == said
