"""Rotating keys of SDKs: a successor, and an overlap in which both work; and expiries that are past."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command

from accounts.errors import KeyNotInForce, MissingRole
from accounts.models import Environment, ServerKey
from accounts.services import issue_api_token, issue_server_key, revoke_key, rotate_server_key
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput
from tests.conftest import SYSTEM, Person, client_with
from tests.desk import Desk, errors_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = re.compile(r"fs_srv_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    def move(later: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOW + later)

    move(timedelta())
    return move


@pytest.fixture
def key(production: Environment) -> ServerKey:
    return issue_server_key(environment=production, name="Web", by=SYSTEM)[0]


def status(credential: Any) -> int:
    return int(client_with(credential).get("/sdk/config").status_code)


def test_both_keys_work_until_the_overlap_is_over(
    production: Environment, ada: Person, at: Callable[[timedelta], None]
) -> None:
    old, old_credential = issue_server_key(environment=production, name="Web", by=SYSTEM)
    successor, credential = rotate_server_key(old, by=ada.actor)
    assert (successor.name, successor.environment, successor.expires_at) == ("Web", production, None)
    at(timedelta(hours=23, minutes=59))
    assert (status(old_credential), status(credential)) == (200, 200)
    at(timedelta(hours=24))
    assert (status(old_credential), status(credential)) == (401, 200)


def test_a_rotation_is_in_the_audit_log(key: ServerKey, ada: Person, at: Callable[[timedelta], None]) -> None:
    successor, _ = rotate_server_key(key, by=ada.actor, overlap=timedelta(hours=1))
    made, expires = LogEntry.objects.order_by("-pk")[1], LogEntry.objects.latest("pk")
    assert (made.object_pk, made.actor) == (successor.pk, ada.user)
    assert (expires.object_pk, expires.actor) == (key.pk, ada.user)
    assert expires.changes == {"expires_at": [None, (NOW + timedelta(hours=1)).isoformat()]}
    assert successor.pk in expires.additional_data["comment"]
    assert expires.additional_data["environment"] == "production"


def test_a_key_never_gets_more_time_than_it_had(production: Environment, at: Callable[[timedelta], None]) -> None:
    soon = NOW + timedelta(hours=2)
    key, _ = issue_server_key(environment=production, name="Web", by=SYSTEM, expires_at=soon)
    rotate_server_key(key, by=SYSTEM)
    key.refresh_from_db()
    assert key.expires_at == soon
    rotate_server_key(key, by=SYSTEM, overlap=timedelta())
    key.refresh_from_db()
    assert not key.in_force(NOW)


def test_what_cannot_be_rotated_is_left_alone(
    key: ServerKey, production: Environment, ed: Person, at: Callable[[timedelta], None]
) -> None:
    revoked, _ = issue_server_key(environment=production, name="Revoked", by=SYSTEM)
    revoke_key(revoked, by=SYSTEM)
    with nothing_changes():
        with pytest.raises(MissingRole):
            rotate_server_key(key, by=ed.actor)
        with pytest.raises(KeyNotInForce):
            rotate_server_key(revoked, by=SYSTEM)
        for hours in (-1, 90 * 24 + 1):
            with pytest.raises(InvalidInput):
                rotate_server_key(key, by=SYSTEM, overlap=timedelta(hours=hours))


def test_on_its_page_a_key_is_rotated_and_its_successor_shown_once(ada: Person, key: ServerKey) -> None:
    desk = Desk(ada)
    assert "Rotate this key" in desk.open(key).content.decode()
    assert desk.get("accounts_serverkey_rotate", key.pk).context["form"]["overlap"].value() == 24
    answer = desk.post("accounts_serverkey_rotate", key.pk, overlap="48")
    (shown,) = KEY.findall(desk.client.get(answer.headers["Location"]).content.decode())
    assert status(shown) == 200
    assert KEY.search(desk.client.get(answer.headers["Location"]).content.decode()) is None
    key.refresh_from_db()
    assert key.expires_at is not None
    assert timedelta(hours=47) < key.expires_at - clock.now() <= timedelta(hours=48)


@pytest.mark.parametrize("overlap", ["", "-1", "2161", "a day", "1e9"])
def test_an_overlap_that_is_none_is_said_at_its_field(overlap: str, ada: Person, key: ServerKey) -> None:
    desk = Desk(ada)
    with nothing_changes():
        page = desk.post("accounts_serverkey_rotate", key.pk, overlap=overlap)
    assert "overlap" in page.context["form"].errors


def test_rotating_is_for_those_who_manage_and_for_keys_in_force(
    ada: Person, ed: Person, otto: Person, key: ServerKey
) -> None:
    admin, editor, stranger = Desk(ada), Desk(ed), Desk(otto)
    with nothing_changes():
        assert "Rotate this key" not in editor.open(key).content.decode()
        assert editor.post("accounts_serverkey_rotate", key.pk, overlap="1").status_code == 403
        assert stranger.post("accounts_serverkey_rotate", key.pk, overlap="1").status_code == 404
        assert admin.get("accounts_serverkey_rotate", "nothing").status_code == 404
    revoke_key(key, by=SYSTEM)
    assert "Rotate this key" not in admin.open(key).content.decode()
    with nothing_changes():
        assert admin.post("accounts_serverkey_rotate", key.pk, overlap="1").status_code == 403


def test_a_key_is_rotated_on_the_command_line(key: ServerKey) -> None:
    out = StringIO()
    call_command("rotate_server_key", key.pk, overlap_hours=0, stdout=out)
    assert status(out.getvalue().strip()) == 200
    for arguments in ([key.pk], ["nothing"]):
        with pytest.raises(CommandError):
            call_command("rotate_server_key", *arguments)


def test_no_key_is_made_that_has_expired_already(
    production: Environment, ada: Person, at: Callable[[timedelta], None]
) -> None:
    desk = Desk(ada)
    with nothing_changes():
        with pytest.raises(InvalidInput) as refused:
            issue_server_key(environment=production, name="k", by=SYSTEM, expires_at=NOW)
        assert [error.path for error in refused.value.errors] == ["expires_at"]
        with pytest.raises(InvalidInput):
            issue_api_token(user=ada.user, name="t", by=ada.actor, expires_at=NOW - timedelta(days=1))
        past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}
        answer = desk.add("accounts_serverkey", environment=production.pk, name="Web", **past)
        assert "expires_at" in errors_in(answer)
