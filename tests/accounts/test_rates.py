"""How often a key may ask, and how often an address may guess."""

from collections.abc import Callable

import pytest
from django.http.response import HttpResponseBase
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts import rates
from accounts.credentials import Credential, Kind
from accounts.models import Environment
from accounts.services import issue_server_key
from tests.conftest import SYSTEM, Person, client_with
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db

OFFICE = "198.51.100.7"


@pytest.fixture(autouse=True)
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the clock of the limits; called, it goes on by so many seconds."""
    now = [1_000.0]
    monkeypatch.setattr(rates, "monotonic", lambda: now[0])

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    return pass_by


def statuses(ask: Callable[[], HttpResponseBase], times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


def guess(address: str = OFFICE) -> HttpResponseBase:
    """Send a well-formed key that opens nothing, another one each time."""
    response: HttpResponseBase = client_with(Credential.new(Kind.SERVER)).get("/sdk/config", REMOTE_ADDR=address)
    return response


def test_a_server_key_that_asks_too_often_is_told_when_to_come_back(
    sdk: APIClient, settings: Settings, after: Callable[[float], None]
) -> None:
    settings.SERVER_KEY_RATE = 2
    assert statuses(lambda: sdk.get("/sdk/config"), 4) == [200] * 4
    response = sdk.get("/sdk/config")
    assert_problem(response, 429, "TOO_MANY_REQUESTS")
    assert response.headers["Retry-After"] == "1"
    after(0.5)
    assert statuses(lambda: sdk.get("/sdk/config"), 2) == [200, 429]


def test_every_road_of_a_key_takes_from_the_same_bucket(sdk: APIClient, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 2
    context = {"context": {"id": "user-1"}}
    assert sdk.get("/sdk/config").status_code == 200
    assert sdk.post("/evaluate", context).status_code == 200
    assert sdk.post("/ofrep/v1/evaluate/flags", context).status_code == 200
    assert sdk.post("/sdk/events", {"counts": []}).status_code in {202, 400}
    for path in ("/evaluate", "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/sale", "/sdk/events"):
        assert_problem(sdk.post(path, context), 429, "TOO_MANY_REQUESTS")


def test_a_token_that_asks_too_often_changes_nothing(ed: Person, settings: Settings) -> None:
    settings.API_TOKEN_RATE = 1
    client = ed.client()
    assert statuses(lambda: client.get("/flags"), 2) == [200, 200]
    assert_problem(client.post("/flags", {"key": "sale", "type": "boolean"}), 429, "TOO_MANY_REQUESTS")
    settings.API_TOKEN_RATE = 0
    assert client.get("/flags").json()["results"] == []


def test_one_key_does_not_take_from_another(production: Environment, sdk: APIClient, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 1
    _, other = issue_server_key(environment=production, name="other", by=SYSTEM)
    assert statuses(lambda: sdk.get("/sdk/config"), 3) == [200, 200, 429]
    assert client_with(other).get("/sdk/config").status_code == 200


def test_a_limit_of_nought_is_none(sdk: APIClient, ed: Person, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = settings.API_TOKEN_RATE = settings.WRONG_KEY_RATE = 0
    assert set(statuses(lambda: sdk.get("/sdk/config"), 10)) == {200}
    assert set(statuses(lambda: ed.client().get("/flags"), 10)) == {200}
    assert set(statuses(guess, rates.WRONG_KEYS_AT_ONCE + 5)) == {401}


def test_a_flood_of_wrong_keys_costs_no_query_each(
    db: None, after: Callable[[float], None], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert set(statuses(guess, rates.WRONG_KEYS_AT_ONCE)) == {401}
    with django_assert_num_queries(0):
        assert set(statuses(guess, 20)) == {429}
    assert guess().headers["Retry-After"] == "1"
    after(0.1)
    assert statuses(guess, 2) == [401, 429]


def test_who_guesses_is_counted_by_address_whatever_the_key_says(
    sdk: APIClient, server_key: str, subtests: pytest.Subtests
) -> None:
    statuses(guess, rates.WRONG_KEYS_AT_ONCE)
    for wrong in (server_key[:-4] + "AAAA", str(Credential.new(Kind.API))):
        with subtests.test(wrong[:8]):
            assert client_with(wrong).get("/sdk/config", REMOTE_ADDR=OFFICE).status_code == 429
    assert guess("198.51.100.8").status_code == 401
    assert sdk.get("/sdk/config", REMOTE_ADDR="198.51.100.9").status_code == 200


def test_who_guesses_does_not_lock_out_those_who_are_known_there(sdk: APIClient, production: Environment) -> None:
    assert sdk.get("/sdk/config", REMOTE_ADDR=OFFICE).status_code == 200
    statuses(guess, rates.WRONG_KEYS_AT_ONCE)
    assert sdk.get("/sdk/config", REMOTE_ADDR=OFFICE).status_code == 200
    _, fresh = issue_server_key(environment=production, name="new", by=SYSTEM)
    assert client_with(fresh).get("/sdk/config", REMOTE_ADDR=OFFICE).status_code == 429


def test_the_addresses_of_one_house_are_one(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    for host in range(rates.WRONG_KEYS_AT_ONCE):
        assert guess(f"2001:db8:1:2::{host:x}").status_code == 401
    assert guess("2001:db8:1:2:ffff::1").status_code == 429
    assert guess("2001:db8:1:3::1").status_code == 401


def test_a_forwarded_address_counts_from_a_trusted_proxy_only(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    client = APIClient()

    def ask(proxy: str, forwarded: str) -> int:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {Credential.new(Kind.SERVER)}", HTTP_X_FORWARDED_FOR=forwarded)
        return int(client.get("/sdk/config", REMOTE_ADDR=proxy).status_code)

    for number in range(rates.WRONG_KEYS_AT_ONCE):
        assert ask(OFFICE, f"203.0.113.{number}") == 401  # whatever it writes, it is the office
    assert ask(OFFICE, "203.0.113.200") == 429
    assert ask("10.0.0.1", "203.0.113.1") == 401
