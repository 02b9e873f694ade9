"""Who opens which page of the admin beside Django's own five of each model: every address, every method, every role."""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import uuid4

import pytest
from django.urls import URLResolver, get_resolver

from accounts.models import Environment, Invitation, Project
from accounts.roles import Role
from accounts.services import invite, issue_server_key
from flags.admin.flags.quick_steps import TOGGLE
from flags.editing.edits import FlagEdit
from flags.models import RevisionItem
from flags.services import propose
from rollouts.services import start_ramp
from rollouts.services.notices import create_mail_notice, create_webhook, send_test
from segments.services import create_segment
from tests.accounts.test_admin_access import EDITORS, EVERYBODY, MANAGERS, SEERS, SUPERUSERS
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import make, state_of
from tests.tables import undone

pytestmark = pytest.mark.django_db

NOBODY: Final[set[str]] = set()
OF_EVERY_MODEL: Final = ("_changelist", "_add", "_change", "_delete", "_history")
"""What `test_admin_access` walks."""
OF_THE_APPS: Final = ("accounts_", "flags_", "rollouts_", "segments_")
OPEN: Final = {"accounts_invitation_accept"}
"""For whoever holds the link."""


class Door(NamedTuple):
    """What the page is about, and who may look (GET) and send (POST); nobody: the method is not there.

    `sent` is what a forged request carries, or a look asks for, so that it would do something if it were let in.
    """

    about: tuple[str, ...]
    looked_at_by: set[str]
    sent_to_by: set[str]
    sent: tuple[str, ...] = ()


DOORS: Final = {
    "accounts_invitation_renew": Door(("invitation",), NOBODY, MANAGERS),
    "accounts_invitation_withdraw": Door(("invitation",), NOBODY, MANAGERS),
    "accounts_serverkey_rotate": Door(("server key",), MANAGERS, MANAGERS),
    "accounts_user_password": Door(("person",), SUPERUSERS, SUPERUSERS),
    "accounts_user_second_factor": Door(("person",), NOBODY, SUPERUSERS),
    "segments_segment_offers": Door(("project",), SEERS, SEERS),
    "segments_segment_peek": Door(("project",), SEERS, NOBODY, ("key",)),
    "segments_segment_attributes": Door(("project",), SEERS, SEERS),
    "segments_segment_ids": Door(("segment", "list"), SEERS, SEERS),
    "segments_segment_download": Door(("segment", "list"), SEERS, SEERS),
    "segments_segment_upload": Door(("segment",), EDITORS, EDITORS),
    "segments_segment_preview": Door(("segment", "upload"), EDITORS, EDITORS),
    "flags_changerequest_publish": Door(("request",), NOBODY, EDITORS, ("version",)),
    "flags_changerequest_approve": Door(("request",), NOBODY, EDITORS),
    "flags_changerequest_decline": Door(("request",), NOBODY, EDITORS),
    "flags_changerequest_withdraw": Door(("request",), NOBODY, EDITORS),
    "flags_changerequest_unschedule": Door(("request",), NOBODY, EDITORS),
    "flags_changerequest_merge": Door(("request",), NOBODY, EDITORS, ("version",)),
    "flags_flag_evaluations": Door(("flag",), SEERS, SEERS),
    "flags_flag_switch": Door((), NOBODY, EDITORS, ("switch",)),
    "flags_flag_turn_off": Door(("flag",), EDITORS, EDITORS),
    "flags_flag_emergency": Door(("flag",), EDITORS, EDITORS),
    "flags_flag_together": Door((), NOBODY, EDITORS, ("flag", "what")),
    "flags_flag_tester": Door((), SEERS, SEERS),
    "flags_flag_test_here": Door(("flag",), SEERS, SEERS),
    "flags_flag_insights": Door(("flag",), SEERS, NOBODY),
    "flags_flag_insights_here": Door(("flag",), SEERS, SEERS),
    "flags_flag_compare": Door((), SEERS, NOBODY),
    "flags_flag_compare_here": Door(("flag",), SEERS, SEERS),
    "flags_flag_promote": Door((), NOBODY, EDITORS, ("project key", "source", "target")),
    "flags_flag_offers": Door(("project",), SEERS, SEERS),
    "flags_revision_timeline": Door((), SEERS, NOBODY),
    "flags_revision_item": Door(("item",), SEERS, NOBODY),
    "flags_revision_restore": Door(("item",), NOBODY, EDITORS),
    "flags_revision_recreate": Door(("item",), NOBODY, EDITORS),
    "flags_revision_as_of": Door(("item",), SEERS, SEERS),
    "rollouts_webhook_test": Door(("webhook",), NOBODY, MANAGERS),
    "rollouts_webhook_rotate": Door(("webhook",), MANAGERS, MANAGERS),
    "rollouts_mailnotice_test": Door(("e-mail notice",), NOBODY, MANAGERS),
    "rollouts_delivery_again": Door(("delivery",), NOBODY, MANAGERS),
    "rollouts_ramp_start": Door(("flag", "environment"), EDITORS, EDITORS, ("steps",)),
    "rollouts_ramp_preview": Door(("flag", "environment"), NOBODY, EDITORS, ("steps",)),
    "rollouts_ramp_edit": Door(("ramp",), EDITORS, EDITORS, ("steps",)),
    "rollouts_ramp_live": Door(("ramp",), SEERS, NOBODY),
    "rollouts_ramp_pause": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramp_resume": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramp_advance": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramp_stop": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramp_roll_back": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramp_approve": Door(("ramp",), NOBODY, EDITORS),
    "rollouts_ramptemplate_preview": Door((), NOBODY, EDITORS, ("steps",)),
}


@pytest.fixture
def things(
    shop: Project, production: Environment, ada: Person, ed: Person, make_person: Callable[..., Person]
) -> dict[str, Any]:
    """Something of the shop for each page to be about."""
    flag = make(shop, "sale")
    state = state_of(flag, production)
    make(shop, "ramped")
    steps = [{"percentage": 1}, {"percentage": 50, "after": "1h"}]
    ramp = start_ramp(project=shop, environment=production, key="ramped", steps=steps, by=SYSTEM)
    segment = create_segment(project=shop, key="staff", fields={"included": ["ann"]}, by=SYSTEM)
    edit = FlagEdit("sale", states={"production": {"enabled": False}}, versions={"production": state.version})
    key, _ = issue_server_key(environment=production, name="Web", by=SYSTEM)
    invite(email="new@shop.example", roles={shop: Role.VIEWER}, by=ada.actor)
    hook, _ = create_webhook(project=shop, fields={"name": "Ops", "address": "https://hooks.example.com/"}, by=SYSTEM)
    letter = create_mail_notice(project=shop, fields={"name": "Ops", "addresses": ["ops@shop.example"]}, by=SYSTEM)
    return {
        "flag": flag.pk,
        "segment": segment.pk,
        "key": segment.key,
        "project": shop.pk,
        "project key": shop.key,
        "list": "included",
        "upload": uuid4(),
        "server key": key.pk,
        "person": make_person("quinn", role=Role.VIEWER, project=shop).user.pk,
        "invitation": Invitation.objects.get().pk,
        "item": RevisionItem.objects.filter(key="sale", environment=production).latest("number").pk,
        "request": propose(project=shop, edits=[edit], by=ed.actor).pk,
        "version": 1,
        "webhook": hook.pk,
        "e-mail notice": letter.pk,
        "delivery": send_test(hook, by=SYSTEM)[0].pk,
        "switch": TOGGLE.value(state, "off"),
        "what": "delete",
        "source": "staging",
        "target": "production",
        "environment": "production",
        "steps": json.dumps(steps),
        "ramp": ramp.pk,
    }


@pytest.mark.parametrize("name", sorted(EVERYBODY | {"otto"}))
def test_every_page_opens_for_those_whom_the_table_names(
    name: str, request: pytest.FixtureRequest, things: dict[str, Any]
) -> None:
    desk, wrong = Desk(request.getfixturevalue(name)), []
    for page, door in DOORS.items():
        args = [things[each] for each in door.about]
        sent = {each.removesuffix(" key") if each != "key" else each: things[each] for each in door.sent}
        for method, allowed in (("get", door.looked_at_by), ("post", door.sent_to_by)):
            status = knock(lambda: getattr(desk, method)(page, *args, **sent))  # noqa: B023 - used at once
            if status not in right_answers(name, page, method, allowed):
                wrong.append(f"{method} {page} is answered {status}")
    assert wrong == []


def right_answers(name: str, page: str, method: str, allowed: set[str]) -> set[int]:
    """What somebody may be answered, whom the table lets in or not."""
    if name in allowed:
        return {200, 302}
    if name == "otto" and not DOORS[page].about and allowed:
        return {200, 302, 403, 404}  # his own project's page, or nothing of the shop's
    if name == "nina" and method == "post" and page == "flags_flag_together":
        return {302}  # she is told that nothing was picked: the flag is not there for her
    return {302, 403, 404, 405} if method == "get" else {403, 404, 405}


def knock(ask: Callable[[], Any]) -> int:
    """Ask, and undo whatever came of it."""
    with undone():
        return int(ask().status_code)


def _names(patterns: Any) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        found |= _names(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name or ""}
    return found


def test_no_page_is_missing_in_the_table() -> None:
    own = {name for name in _names(get_resolver().url_patterns) if name.startswith(OF_THE_APPS)}
    assert {name for name in own if not name.endswith(OF_EVERY_MODEL)} - OPEN == set(DOORS)
