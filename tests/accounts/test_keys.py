"""Which keys open anything: both kinds, in force or not, and the note that they were used."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.credentials import Credential
from accounts.models import ApiToken, Environment, ServerKey
from accounts.querysets import key_in_force, server_keys_in_force
from accounts.services import issue_api_token, issue_server_key, revoke_key
from flagsite.lib import clock
from tests.conftest import SYSTEM, Person, client_with
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    def move(later: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOW + later)

    move(timedelta())
    return move


def status_of_server_key(credential: Credential | str) -> int:
    return int(client_with(credential).get("/sdk/config").status_code)


def status_of_token(credential: Credential | str) -> int:
    return int(client_with(credential).get("/flags").status_code)


def test_a_key_is_in_force_until_it_expires(
    production: Environment, ed: Person, at: Callable[[timedelta], None]
) -> None:
    expires_at = NOW + timedelta(hours=1)
    row, server = issue_server_key(environment=production, name="k", by=SYSTEM, expires_at=expires_at)
    _, token = issue_api_token(user=ed.user, name="t", by=SYSTEM, expires_at=expires_at)
    at(timedelta(minutes=59, seconds=59))
    assert (status_of_server_key(server), status_of_token(token)) == (200, 200)
    assert server_keys_in_force([row.pk, "nothing"]) == {row.pk}
    at(timedelta(hours=1))
    assert (status_of_server_key(server), status_of_token(token)) == (401, 401)
    assert server_keys_in_force([row.pk]) == set()


def test_a_revoked_key_opens_nothing_from_the_next_request_on(production: Environment, ed: Person) -> None:
    key, server = issue_server_key(environment=production, name="k", by=SYSTEM)
    row, token = issue_api_token(user=ed.user, name="t", by=ed.actor)
    assert (status_of_server_key(server), status_of_token(token)) == (200, 200)
    revoke_key(key, by=SYSTEM)
    revoke_key(row, by=ed.actor)
    assert (status_of_server_key(server), status_of_token(token)) == (401, 401)
    assert server_keys_in_force([key.pk]) == set()


def test_keys_are_rotated_while_both_work(production: Environment) -> None:
    old, old_credential = issue_server_key(environment=production, name="old", by=SYSTEM)
    _, new_credential = issue_server_key(environment=production, name="new", by=SYSTEM)
    assert (status_of_server_key(old_credential), status_of_server_key(new_credential)) == (200, 200)
    revoke_key(old, by=SYSTEM)
    assert (status_of_server_key(old_credential), status_of_server_key(new_credential)) == (401, 200)


def test_a_person_who_left_has_tokens_that_open_nothing(ed: Person) -> None:
    ed.user.is_active = False
    ed.user.save()
    assert status_of_token(ed.token) == 401


def test_the_secret_has_to_be_right(server_key: str, ed: Person, subtests: pytest.Subtests) -> None:
    parts = server_key.split("_", 3)
    swapped = "_".join(["fs", "api", *ed.token.split("_")[2:3], parts[3]])
    for wrong in (server_key[:-1], server_key + "x", swapped, server_key.replace("srv", "api")):
        with subtests.test(wrong[:20]):
            assert_problem(client_with(wrong).get("/sdk/config"), 401, "NOT_AUTHENTICATED")


def test_only_bearer_headers_carry_keys(server_key: str, subtests: pytest.Subtests) -> None:
    client = client_with(server_key)
    for header in (
        f"Basic {server_key}",
        server_key,
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {server_key} {server_key}",
        f"Bearer {server_key}, Bearer {server_key}",
        "Bearer \x00",
        "Bearer fs_srv_ü",
        "x" * 10_000,
    ):
        client.credentials(HTTP_AUTHORIZATION=header)
        with subtests.test(header[:30]):
            response = client.get("/sdk/config")
            assert_problem(response, 401, "NOT_AUTHENTICATED")
            assert response.headers["WWW-Authenticate"] == "Bearer"
    for header in (f"bearer {server_key}", f"BEARER  {server_key} "):
        client.credentials(HTTP_AUTHORIZATION=header)
        assert client.get("/sdk/config").status_code == 200


def test_that_a_key_was_used_is_noted_once_a_minute(
    server_key: str, at: Callable[[timedelta], None], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    credential = Credential.parse(server_key)
    assert credential

    def noted() -> datetime | None:
        return ServerKey.objects.get(pk=credential.id).last_used_at

    assert noted() is None
    with django_assert_num_queries(5):  # the note is a transaction of its own, which may fail
        key_in_force(credential)
    assert noted() == NOW
    at(timedelta(seconds=59))
    with django_assert_num_queries(1):
        key_in_force(credential)
    assert noted() == NOW
    at(timedelta(seconds=61))
    key_in_force(credential)
    assert noted() == NOW + timedelta(seconds=61)


def test_a_key_that_opened_nothing_was_not_used(production: Environment, at: Callable[[timedelta], None]) -> None:
    soon = NOW + timedelta(seconds=1)
    key, credential = issue_server_key(environment=production, name="k", by=SYSTEM, expires_at=soon)
    at(timedelta(seconds=1))
    assert status_of_server_key(credential) == 401
    key.refresh_from_db()
    assert key.last_used_at is None


def test_nothing_that_is_stored_opens_anything(server_key: str, ed: Person) -> None:
    stored = " ".join(str(row) for model in (ServerKey, ApiToken) for row in model.objects.values())
    for key in (server_key, ed.token):
        assert key.split("_", 3)[3] not in stored
    assert "fs_srv_" in str(ServerKey.objects.get())
