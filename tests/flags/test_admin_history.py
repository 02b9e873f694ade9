"""The history in the admin: timelines, one change side by side, and restoring."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.admin.history.side_by_side import side_by_side
from flags.models import Flag, Revision, RevisionItem
from flags.services import delete_flag, open_environment
from segments.services import create_segment, update_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in
from tests.flags.builders import equals, make, newest, rule, set_fields, state_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

TIMELINE, ITEM, RESTORE, AS_OF = (f"flags_revision_{name}" for name in ("timeline", "item", "restore", "as_of"))
SCRIPT = "<script>alert(1)</script>"


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def told(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.status_code
    return [entry.sentences for moment in answer.context["moments"] for entry in moment.entries]


# --- the timeline ----------------------------------------------------------------------------------------------------


def test_history_of_a_flag_says_who_when_what_why_and_from_where(
    desk: Desk, ed: Person, sale: Flag, banner: Flag, production: Environment
) -> None:
    set_fields(sale, production, comment="Looks good", rollout_percentage=50)
    page = desk.client.get(desk.get("flags_flag_history", sale.pk).headers["Location"])
    assert told(page)[0] == ["Rollout 100 % → 50 %."]
    assert len(told(page)) == 4  # created in three environments, and the change
    for words in ("Looks good", "tests", "command", "Production", "History of the flag sale", "Rollout 100 % → 50 %."):
        assert words in text(page)
    assert "banner" not in text(page)


def test_the_timeline_is_filtered(desk: Desk, sale: Flag, banner: Flag, production: Environment) -> None:
    set_fields(sale, production, comment="For spring", enabled=False)
    about = {"project": "shop", "kind": "flag", "key": "sale"}
    assert len(told(desk.get(TIMELINE, **about, environment="production"))) == 2
    assert told(desk.get(TIMELINE, **about, q="spring")) == [["Turned off."]]
    assert told(desk.get(TIMELINE, **about, source="admin")) == []
    assert told(desk.get(TIMELINE, project="shop", q="sale"))[0] == ["Turned off."]
    assert told(desk.get(TIMELINE, project="nowhere")) == []


def test_history_of_a_segment(desk: Desk, shop: Project) -> None:
    staff = create_segment(project=shop, key="staff", fields={"included": ["ann"]}, by=SYSTEM)
    update_segment(project=shop, key="staff", fields={"included": ["ann", "ben"]}, by=SYSTEM)
    page = desk.client.get(desk.get("segments_segment_history", staff.pk).headers["Location"])
    assert told(page) == [["1 id now listed in: ben."]] * 3 + [["Created: 1 id listed in."]] * 3
    item = RevisionItem.objects.filter(key="staff").latest("pk")
    assert desk.post(AS_OF, item.pk, id="ann").status_code == 404


def test_history_of_a_project_and_of_an_environment(desk: Desk, shop: Project, sale: Flag, banner: Flag) -> None:
    create_segment(project=shop, key="staff", fields={}, by=SYSTEM)
    page = desk.client.get(desk.get("accounts_project_history", shop.pk).headers["Location"])
    keys = {entry.item.key for moment in page.context["moments"] for entry in moment.entries}
    assert keys == {"staff", "sale", "banner"}
    environment = shop.environments.get(key="staging")
    page = desk.client.get(desk.get("accounts_environment_history", environment.pk).headers["Location"])
    assert {moment.revision.environment for moment in page.context["moments"]} == {environment}


def test_of_a_revision_of_many_flags_the_first_are_told_and_the_rest_is_counted(desk: Desk, shop: Project) -> None:
    for number in range(6):
        make(shop, f"flag-{number}")
    open_environment(project=shop, key="qa", name="QA", by=SYSTEM)
    page = desk.get(TIMELINE, project="shop", environment="qa")
    (moment,) = page.context["moments"]
    assert (len(moment.entries), moment.more) == (4, 2)
    assert "And 2 more." in text(page)


def test_a_long_history_comes_in_pages_of_twenty_at_the_same_cost(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    def cost(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(TIMELINE, **query)
        return len(captured)

    about = {"project": "shop", "kind": "flag", "key": "sale"}
    few = [cost(**about), cost(**about), cost(project="shop"), cost(project="shop")]
    for percentage in range(25):
        set_fields(sale, production, rollout_percentage=percentage)
    assert [cost(**about), cost(project="shop")] == [few[1], few[3]]
    first, second = (desk.get(TIMELINE, **about, p=page) for page in ("1", "2"))
    assert (len(told(first)), len(told(second))) == (20, 8)
    assert "page 1 of 2" in text(first)
    assert told(desk.get(TIMELINE, **about, p="nonsense")) == told(first)


def test_what_people_wrote_is_shown_and_never_run(desk: Desk, sale: Flag, production: Environment) -> None:
    rules = [rule(equals(SCRIPT, SCRIPT), name=SCRIPT)]
    item = set_fields(sale, production, comment=SCRIPT, rules=rules)
    context = {"id": SCRIPT, "attributes": orjson.dumps({SCRIPT: SCRIPT}).decode()}
    pages = [
        desk.get(TIMELINE, project=SCRIPT, kind=SCRIPT, key=SCRIPT, q=SCRIPT, environment=SCRIPT),
        desk.get(TIMELINE, project="shop"),
        desk.get(ITEM, item.pk),
        desk.post(AS_OF, item.pk, **context),
    ]
    for page in pages:
        assert SCRIPT not in text(page)
        assert "&lt;script&gt;alert(1)" in text(page)


@pytest.mark.parametrize(
    "query", [{"project": "\0"}, {"q": "\0"}, {"kind": "x", "key": "y"}, {"p": "-1"}, {"p": "9" * 30}]
)
def test_nonsense_in_the_address_is_no_failure(query: dict[str, str], desk: Desk, sale: Flag) -> None:
    assert desk.get(TIMELINE, **query).status_code == 200


def test_the_sidebar_marks_the_history_and_not_the_revisions(desk: Desk, sale: Flag, production: Environment) -> None:
    for page in (desk.get(TIMELINE), desk.get(ITEM, newest(sale, production).pk)):
        links = [link for group in page.context["sidebar_navigation"] for link in group["items"]]
        assert [link["title"] for link in links if link["active"]] == ["History"]


# --- one change ------------------------------------------------------------------------------------------------------


def test_a_change_is_shown_side_by_side(desk: Desk, sale: Flag, production: Environment) -> None:
    item = set_fields(sale, production, rollout_percentage=50)
    page = desk.get(ITEM, item.pk)
    changed = [(row.left, row.right) for row in page.context["rows"] if row.changed]
    assert changed == [('  "rollout_percentage": 100,', '  "rollout_percentage": 50,')]
    assert "there is nothing to restore" in text(page)


def test_the_first_revision_has_nothing_before_it_and_a_deletion_nothing_after(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    first = newest(sale, production)
    assert all(row.left is None for row in desk.get(ITEM, first.pk).context["rows"])
    delete_flag(project=sale.project, environment=production, key="sale", by=SYSTEM)
    last = newest(sale, production)
    page = desk.get(ITEM, last.pk)
    assert all(row.right is None for row in page.context["rows"])
    assert "Restore" not in text(page)
    assert desk.post(AS_OF, last.pk, id="ann").status_code == 404
    with nothing_changes():
        answer = desk.post(RESTORE, first.pk)
    assert messages_in(desk.client.get(answer.headers["Location"])) == ["There is no flag `sale`."]


def test_long_lists_are_cut_down_to_what_differs() -> None:
    ids = [f"user-{number}" for number in range(100_000)]
    rows = side_by_side({"included": ids}, {"included": [*ids[1:], "new"]})
    assert rows is not None
    assert len(rows) < 10
    assert {row.left for row in rows} >= {'    "user-0",'}
    assert side_by_side({"rules": [{"id": str(n)} for n in range(5_000)]}, {}) is None
    assert side_by_side({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


# --- restoring -------------------------------------------------------------------------------------------------------


def test_restoring_brings_a_state_back_through_a_review(desk: Desk, sale: Flag, production: Environment) -> None:
    item = newest(sale, production)
    set_fields(sale, production, enabled=False, rollout_percentage=5)
    page = desk.get(ITEM, item.pk)
    assert page.context["restored"] == ["Turned on.", "Rollout 5 % → 100 %."]
    version = page.context["form"].initial["version"]
    proposed = desk.post(RESTORE, item.pk, comment="It was better", version=version)
    assert state_of(sale, production).enabled is False
    (change,) = desk.review(proposed).context["review"].told
    assert change.sentences == ("Turned on.", "Rollout 5 % → 100 %.")
    desk.publish(proposed)
    assert state_of(sale, production).enabled is True
    revision = Revision.objects.filter(environment=production).latest("number")
    assert (revision.actor_label, revision.source, revision.comment) == ("ed", "admin", "It was better")


def test_a_segment_is_restored_everywhere(desk: Desk, shop: Project) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["ann"]}, by=SYSTEM)
    item = RevisionItem.objects.filter(key="staff").latest("pk")
    update_segment(project=shop, key="staff", fields={"included": ["ben"]}, by=SYSTEM)
    version = desk.get(ITEM, item.pk).context["form"].initial["version"]
    desk.publish(desk.post(RESTORE, item.pk, version=version))
    assert shop.segments.get(key="staff").included == ["ann"]


def test_restoring_what_somebody_has_changed_meanwhile_is_refused(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    item = newest(sale, production)
    set_fields(sale, production, enabled=False)
    version = desk.get(ITEM, item.pk).context["form"].initial["version"]
    set_fields(sale, production, rollout_percentage=5)
    with nothing_changes():
        answer = desk.post(RESTORE, item.pk, version=version)
    (message,) = messages_in(desk.client.get(answer.headers["Location"]))
    assert message == "Somebody has changed the flag since you opened it, in: production."


def test_a_viewer_reads_the_history_and_restores_nothing(vi: Person, sale: Flag, production: Environment) -> None:
    item, desk = newest(sale, production), Desk(vi)
    set_fields(sale, production, enabled=False)
    assert desk.get(TIMELINE, project="shop").status_code == 200
    assert "Restore" not in text(desk.get(ITEM, item.pk))
    assert desk.post(AS_OF, item.pk, id="ann").status_code == 200
    with nothing_changes():
        assert desk.post(RESTORE, item.pk).status_code == 403


def test_people_of_another_project_find_nothing(
    otto: Person, nina: Person, sale: Flag, production: Environment
) -> None:
    item = newest(sale, production)
    desks = [Desk(otto), Desk(nina)]
    assert told(desks[0].get(TIMELINE, project="shop")) == []
    assert desks[1].get(TIMELINE).status_code == 403
    with nothing_changes():
        for desk in desks:
            assert desk.get(ITEM, item.pk).status_code == 404
            assert desk.post(AS_OF, item.pk, id="ann").status_code == 404
            assert desk.post(RESTORE, item.pk).status_code == 404


def test_nothing_is_restored_by_following_a_link(desk: Desk, sale: Flag, production: Environment) -> None:
    assert desk.get(RESTORE, newest(sale, production).pk).status_code == 405
