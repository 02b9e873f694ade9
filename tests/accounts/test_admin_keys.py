"""Keys and tokens in the admin: shown once, revoked, never stored in full."""

import re

import pytest
from auditlog.models import LogEntry

from accounts.models import ApiToken, Environment, ServerKey
from accounts.services import issue_server_key
from tests.conftest import SYSTEM, Person, client_with
from tests.desk import Desk, errors_in, messages_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

KEY = re.compile(r"fs_(?:srv|api)_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}")


@pytest.fixture
def key(production: Environment) -> ServerKey:
    return issue_server_key(environment=production, name="Web", by=SYSTEM)[0]


def test_a_new_server_key_is_shown_once_and_opens_its_environment(ada: Person, production: Environment) -> None:
    desk = Desk(ada)
    answer = desk.add("accounts_serverkey", environment=production.pk, name="Web")
    assert answer.status_code == 302
    shown = KEY.findall(desk.client.get(answer.headers["Location"]).content.decode())
    assert len(shown) == 1
    assert client_with(shown[0]).get("/sdk/config").status_code == 200
    for page in ("accounts_serverkey_changelist", "auditlog_logentry_changelist"):
        assert KEY.search(desk.get(page).content.decode()) is None
    entry = LogEntry.objects.latest("pk")
    assert (entry.additional_data["source"], entry.additional_data["environment"]) == ("admin", "production")


def test_a_new_token_acts_for_the_one_who_made_it(vi: Person) -> None:
    desk = Desk(vi)
    answer = desk.add("accounts_apitoken", name="Script")
    shown = KEY.findall(" ".join(messages_in(desk.client.get(answer.headers["Location"]))))
    assert ApiToken.objects.get(name="Script").user == vi.user
    assert client_with(shown[0]).get("/flags").status_code == 200
    assert client_with(shown[0]).post("/flags", {"key": "a", "type": "boolean"}).status_code == 403


def test_tokens_for_others_are_made_by_superusers_only(vi: Person, ed: Person, sam: Person) -> None:
    desk = Desk(vi)
    with nothing_changes():
        assert "user" in errors_in(desk.add("accounts_apitoken", user=ed.user.pk, name="Theirs"))
    assert Desk(sam).add("accounts_apitoken", user=ed.user.pk, name="Theirs").status_code == 302
    assert ApiToken.objects.get(name="Theirs").user == ed.user


def test_everybody_sees_their_own_tokens_and_superusers_all(vi: Person, ed: Person, sam: Person) -> None:
    assert [row.user for row in Desk(vi).rows("accounts_apitoken")] == [vi.user]
    assert {row.user for row in Desk(sam).rows("accounts_apitoken")} == {vi.user, ed.user, sam.user}
    theirs = ApiToken.objects.get(user=ed.user)
    desk = Desk(vi)
    with nothing_changes():
        assert desk.post("accounts_apitoken_change", theirs.pk, revoke="on").status_code == 404


def test_the_digest_is_on_no_page(ada: Person, key: ServerKey) -> None:
    desk = Desk(ada)
    for answer in (desk.open(key), desk.get("accounts_serverkey_changelist")):
        assert key.digest not in answer.content.decode()


def test_a_revoked_key_stays_revoked(ada: Person, key: ServerKey) -> None:
    desk = Desk(ada)
    with nothing_changes():
        assert desk.save(key).status_code == 302, "nothing was asked for"
    assert desk.save(key, revoke="on").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    with nothing_changes():
        assert desk.post("accounts_serverkey_change", key.pk, revoke="on").status_code == 403
    assert "Revoked" in desk.open(key).content.decode()


def test_keys_are_made_in_environments_that_one_manages(otto: Person, production: Environment) -> None:
    desk = Desk(otto)
    with nothing_changes():
        assert "environment" in errors_in(desk.add("accounts_serverkey", environment=production.pk, name="Web"))
