"""The steps that begin at the list of flags: changing many together, and turning one off in an emergency."""

from typing import Any

import pytest

from accounts.models import Environment, Project
from flags.models import ChangeRequest, Flag, FlagState, FlagTag, Revision
from tests.conftest import Person
from tests.desk import Desk, messages_in
from tests.flags.builders import make, set_fields, state_of
from tests.flags.test_admin_list import LIST, text
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

TOGETHER, TURN_OFF = "flags_flag_together", "flags_flag_turn_off"


def pick(desk: Desk, action: str, *flags: Flag) -> Any:
    return desk.post(LIST, action=action, _selected_action=[flag.pk for flag in flags])


def together(desk: Desk, what: str, *flags: Flag, **data: str) -> Any:
    return desk.post(TOGETHER, what=what, flag=[flag.pk for flag in flags], **data)


# --- many flags together -----------------------------------------------------------------------------------------


def test_many_flags_are_turned_off_in_one_change(
    desk: Desk, sale: Flag, banner: Flag, production: Environment, vi: Person
) -> None:
    page = pick(desk, "turn_off", sale, banner)
    for words in ("Turn off 2 flags", "Production", "sale", "banner"):
        assert words in text(page)
    answer = together(desk, "off", sale, banner, environment="production", comment="Too many complaints")
    desk.publish(answer)
    assert not FlagState.objects.filter(environment=production, enabled=True).exists()
    assert ChangeRequest.objects.get().comment == "Too many complaints"


def test_many_flags_are_turned_on_where_they_are_off(
    desk: Desk, sale: Flag, banner: Flag, production: Environment
) -> None:
    set_fields(sale, production, enabled=False)
    desk.publish(together(desk, "on", sale, banner, environment="production"))
    assert [edit["key"] for edit in ChangeRequest.objects.get().edits] == ["sale"]
    answer = together(desk, "on", sale, banner, environment="production")
    assert "Nothing would change" in messages_in(desk.client.get(answer.headers["Location"]))[-1]


def test_many_flags_get_and_lose_a_tag(desk: Desk, sale: Flag, banner: Flag) -> None:
    desk.publish(together(desk, "tag", sale, banner, tag="summer"))
    assert [flag.tag_names() for flag in Flag.objects.all()] == [["summer"], ["marketing", "summer"]]
    desk.publish(together(desk, "untag", sale, banner, tag="marketing"))
    assert [flag.tag_names() for flag in Flag.objects.all()] == [["summer"], ["summer"]]


def test_a_flag_with_all_the_tags_it_may_have_gets_no_more(desk: Desk, sale: Flag) -> None:
    FlagTag.objects.bulk_create(FlagTag(flag=sale, name=f"tag-{number}") for number in range(19))
    answer = together(desk, "tag", sale, tag="one-more")
    assert messages_in(desk.client.get(answer.headers["Location"])) == [
        "tags: sale has as many tags as a flag may have."
    ]


def test_many_flags_are_deleted_in_one_change(desk: Desk, sale: Flag, banner: Flag) -> None:
    assert "Delete 2 flags" in text(pick(desk, "delete_together", sale, banner))
    answer = together(desk, "delete", sale, banner)
    assert Flag.objects.count() == 2
    desk.publish(answer)
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("what", "data", "words"),
    [
        ("off", {}, "Say which environment."),
        ("off", {"environment": "nowhere"}, "Select a valid choice"),
        ("tag", {"tag": " "}, "Say which tag."),
        ("tag", {"tag": "x" * 65}, "at most 64 characters"),
    ],
)
def test_a_step_asks_again_for_what_it_needs(
    desk: Desk, sale: Flag, what: str, data: dict[str, str], words: str
) -> None:
    with nothing_changes():
        assert words in text(together(desk, what, sale, **data))


def test_a_step_that_is_not_offered_is_not_found(desk: Desk, sale: Flag) -> None:
    assert together(desk, "explode", sale).status_code == 404


def test_flags_of_two_projects_or_too_many_are_not_changed_together(
    sam: Person, otto: Person, sale: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = make(Project.objects.get(key="elsewhere"), "other")
    desk = Desk(sam)
    for step in (pick, together):
        answer = step(desk, "turn_on" if step is pick else "on", sale, elsewhere)
        assert "Pick flags of one project" in messages_in(desk.client.get(answer.headers["Location"]))[0]
    monkeypatch.setattr("flags.admin.flags.together.MAX_TOGETHER", 1)
    answer = together(desk, "delete", sale, make(sale.project, "second"))
    assert "At most 1 flags" in messages_in(desk.client.get(answer.headers["Location"]))[0]
    assert not ChangeRequest.objects.exists()


def test_a_viewer_changes_nothing_together_and_strangers_find_nothing(vi: Person, otto: Person, sale: Flag) -> None:
    desk, stranger = Desk(vi), Desk(otto)
    with nothing_changes():
        assert together(desk, "delete", sale).status_code == 403
        assert pick(desk, "delete_together", sale).status_code == 403
        assert together(stranger, "delete", sale).status_code == 302


# --- an emergency ------------------------------------------------------------------------------------------------


def test_an_emergency_turns_off_at_once_with_the_reason_and_is_marked(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    production.requires_approval = True
    production.save()
    page = text(desk.client.get(desk.get("flags_flag_emergency", sale.pk).headers["Location"]))
    for words in ("Emergency: turn off", "at once", "Production"):
        assert words in page
    assert "Staging" not in page.split("<legend")[1].split("</fieldset>")[0]
    desk.post(TURN_OFF, sale.pk, environment="production", comment="Nobody can pay")
    assert not state_of(sale, production).enabled
    revision = Revision.objects.filter(environment=production).latest("number")
    assert (revision.is_emergency, revision.comment, revision.actor_label) == (True, "Nobody can pay", "ed")
    assert "off in every environment already" in text(desk.get(TURN_OFF, sale.pk))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"environment": "production"}, "Say why"),
        ({"comment": "Why not"}, "Choose where"),
        ({"environment": "staging", "comment": "Off already"}, "Choose where"),
    ],
)
def test_an_emergency_says_where_and_why(desk: Desk, sale: Flag, data: dict[str, str], words: str) -> None:
    with nothing_changes():
        page = text(desk.post(TURN_OFF, sale.pk, **data))
    assert words in page
    assert data.get("comment", "") in page


def test_an_emergency_is_for_editors(vi: Person, otto: Person, ed: Person, sale: Flag) -> None:
    viewer, stranger, editor = Desk(vi), Desk(otto), Desk(ed)
    assert "Emergency" not in text(viewer.open(sale))
    assert "Emergency" in text(editor.open(sale))
    assert viewer.get("flags_flag_emergency", sale.pk).status_code == 403
    assert viewer.get(TURN_OFF, sale.pk).status_code == 403
    with nothing_changes():
        data = {"environment": "production", "comment": "Mine"}
        assert viewer.post(TURN_OFF, sale.pk, **data).status_code == 403
        assert stranger.post(TURN_OFF, sale.pk, **data).status_code == 404


def test_what_people_wrote_is_shown_and_never_run(desk: Desk, sale: Flag, production: Environment) -> None:
    script = "<script>alert(1)</script>"
    set_fields(sale, production, name=script, tags=[script])
    for page in (
        desk.get(LIST),
        desk.get(LIST, q=script),
        pick(desk, "add_tag", sale),
        together(desk, "tag", sale, tag=script + "x" * 64),
        desk.post(TURN_OFF, sale.pk, comment=script),
    ):
        assert script not in text(page)
