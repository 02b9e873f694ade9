"""Who came, who went, who was not let in: written down, and read by those whom it concerns."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client
from pytest_django import Settings

from accounts.audit import Entrance
from accounts.sign_ins import MAX_ATTEMPTED_NAME, attempted_name
from tests.conftest import Person, client_with
from tests.desk import Desk

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def sign_in(name: str, password: str = PASSWORD, **headers: Any) -> Client:
    client = Client()
    client.post("/admin/login/?next=/admin/", {"username": name, "password": password}, **headers)
    return client


def entrances() -> list[LogEntry]:
    return list(LogEntry.objects.filter(action=LogEntry.Action.ACCESS).order_by("pk"))


def test_whoever_signs_in_without_having_wanted_a_page_comes_to_the_first_one(ada: Person) -> None:
    answer = Client().post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_coming_and_going_are_written_down_with_name_time_and_address(ada: Person) -> None:
    client = sign_in("ada", REMOTE_ADDR="198.51.100.7")
    client.post("/admin/logout/", REMOTE_ADDR="198.51.100.8")
    came, went = entrances()
    assert [entry.additional_data["event"] for entry in (came, went)] == ["signed-in", "signed-out"]
    assert [entry.remote_addr for entry in (came, went)] == ["198.51.100.7", "198.51.100.8"]
    for entry in (came, went):
        assert (entry.actor, entry.object_pk, entry.additional_data["actor"]) == (ada.user, str(ada.user.pk), "ada")


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_failed_sign_in_names_who_was_tried_and_never_the_password(ada: Person, name: str) -> None:
    sign_in(name, "my other password")
    (entry,) = entrances()
    assert entry.additional_data == {"source": "admin", "event": "sign-in-failed"}
    assert (entry.object_repr, entry.actor, entry.remote_addr) == (name, None, "127.0.0.1")
    assert entry.object_pk == (str(ada.user.pk) if name == "ada" else "")
    assert not any("my other password" in str(value) for value in LogEntry.objects.values_list())


def test_somebody_made_inactive_fails_to_sign_in(ada: Person) -> None:
    ada.user.is_active = False
    ada.user.save()
    sign_in("ada")
    (entry,) = entrances()
    assert entry.additional_data["event"] == "sign-in-failed"


def test_only_a_trusted_proxy_says_from_where_somebody_came(ada: Person, settings: Settings) -> None:
    for trusted, address in (([], "10.0.0.1"), (["10.0.0.0/8"], "203.0.113.9")):
        settings.TRUSTED_PROXIES = trusted
        sign_in("ada", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4, 203.0.113.9")
        assert entrances()[-1].remote_addr == address


def test_a_long_or_odd_name_is_kept_short_and_seen() -> None:
    assert attempted_name({"username": "x" * 100_000}) == "x" * MAX_ATTEMPTED_NAME
    assert attempted_name({"username": "a\0b\nc\u202e"}) == "a\ufffdb\ufffdc\ufffd"
    assert attempted_name({}) == ""


def test_signing_out_without_being_signed_in_is_no_news(db: None) -> None:
    Client().post("/admin/logout/")
    assert entrances() == []


def test_a_request_with_a_key_is_no_sign_in(ada: Person) -> None:
    assert ada.client().get("/flags").status_code == 200
    assert client_with("fs_api_0123456789ab_wrong").get("/flags").status_code == 401
    assert entrances() == []


def seen_by(person: Person, **query: Any) -> list[tuple[str, str]]:
    rows = Desk(person).rows("auditlog_logentry", **query)
    return [(row.object_repr, row.additional_data["event"]) for row in rows if "event" in row.additional_data]


def test_a_superuser_sees_everybody_come_and_go_and_others_themselves(sam: Person, ada: Person, vi: Person) -> None:
    sign_in("vi")
    sign_in("vi", "wrong")
    sign_in("nobody", "wrong")
    failed_as_vi, failed_as_nobody = ("vi", "sign-in-failed"), ("nobody", "sign-in-failed")
    assert {failed_as_vi, failed_as_nobody, ("vi", "signed-in")} <= set(seen_by(sam))
    assert {failed_as_vi, ("vi", "signed-in")} == set(seen_by(vi))
    assert set(seen_by(ada)) == {("ada", "signed-in")}


def test_the_list_reads_as_sentences_and_is_narrowed_by_kind(sam: Person, vi: Person) -> None:
    sign_in("vi", "wrong", REMOTE_ADDR="198.51.100.7")
    desk = Desk(sam)
    page = desk.get("auditlog_logentry_changelist").content.decode()
    for words in ("somebody", "Failed to sign in", "as vi, from 198.51.100.7", "Signed in", "from an unknown address"):
        assert words in page
    for entrance in Entrance:
        rows = desk.rows("auditlog_logentry", kind=entrance.value)
        assert {row.additional_data["event"] for row in rows} <= {entrance.value}
    assert seen_by(sam, kind="sign-in-failed") == [("vi", "sign-in-failed")]
    assert {row.action for row in desk.rows("auditlog_logentry", kind="created")} == {LogEntry.Action.CREATE}
    opened = desk.open(entrances()[0])
    assert b"Failed to sign in" in opened.content
