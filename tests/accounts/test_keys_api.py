"""Server keys over REST: made, shown once, rotated and revoked by those who manage the project."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Environment, ServerKey
from flagsite.lib import clock
from flagsite.lib.moments import moment_of, rfc3339
from tests.conftest import Person, client_with
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def made(person: Person, **fields: Any) -> Any:
    response = person.client().post("/server-keys", {"environment": "production", "name": "Web", **fields})
    assert response.status_code == 201, response.content
    return response.json()


def opens(key: str) -> bool:
    return client_with(key).get("/sdk/config").status_code == 200


def test_a_key_is_made_and_shown_once(ada: Person, vi: Person) -> None:
    at = rfc3339(clock.now() + timedelta(days=1))
    shown = made(ada, expires_at=at)
    secret = shown.pop("key")
    assert opens(secret)
    assert secret.split("_")[2] == shown["id"]
    assert (shown["environment"], shown["project"], shown["status"]) == ("production", "shop", "in_force")
    assert moment_of(shown["expires_at"]) == moment_of(at)
    read = vi.client().get(f"/server-keys/{shown['id']}").json()
    assert read.pop("last_used_at") is not None
    assert read == {name: value for name, value in shown.items() if name != "last_used_at"}
    assert "key" not in vi.client().get("/server-keys").json()["results"][0]


def test_a_rotated_key_works_for_the_overlap_and_its_successor_at_once(ada: Person) -> None:
    first = made(ada)
    second = ada.client().post(f"/server-keys/{first['id']}/rotate", {"overlap_hours": 2}).json()
    assert opens(first["key"])
    assert opens(second["key"])
    assert (second["name"], second["expires_at"]) == ("Web", None)
    old = ada.client().get(f"/server-keys/{first['id']}").json()
    left = (moment_of(old["expires_at"]) or clock.now()) - clock.now()
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    third = ada.client().post(f"/server-keys/{second['id']}/rotate", {"overlap_hours": 0}).json()
    assert (opens(second["key"]), opens(third["key"])) == (False, True)
    with nothing_changes():
        again = ada.client().post(f"/server-keys/{second['id']}/rotate")
        assert_problem(again, 409, "KEY_NOT_IN_FORCE")


def test_a_revoked_key_opens_nothing_any_more(ada: Person) -> None:
    key = made(ada)
    answer = ada.client().post(f"/server-keys/{key['id']}/revoke")
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    assert not opens(key["key"])
    assert ada.client().post(f"/server-keys/{key['id']}/revoke").status_code == 200


def test_what_is_wrong_is_refused_at_its_place(ada: Person, otto: Person) -> None:
    key = made(ada)["id"]
    api = ada.client()
    whole = {"environment": "production", "name": "Web"}
    with nothing_changes():
        for body, place in (
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"environment": 5}, "environment"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "soon"}, "expires_at"),
            ({"secret": "mine"}, "secret"),
        ):
            assert_problem(api.post("/server-keys", {**whole, **body}), 400, "INVALID", place)
        assert_problem(api.post("/server-keys", {**whole, "environment": "moon"}), 404, "ENVIRONMENT_NOT_FOUND")
        for hours in (-1, 2161, "5"):
            path = f"/server-keys/{key}/rotate"
            assert_problem(api.post(path, {"overlap_hours": hours}), 400, "INVALID", "overlap_hours")
        for who, pk in ((otto, key), (ada, "ffffffffffff"), (ada, "x" * 500)):
            assert_problem(who.client().post(f"/server-keys/{pk}/revoke"), 404, "SERVER_KEY_NOT_FOUND")


def test_the_list_is_of_one_environment_or_all_in_pages_at_the_same_cost(
    ada: Person, sdk: APIClient, production: Environment
) -> None:
    costs = []
    for number in (2, 4):
        for _ in range(number):
            made(ada, environment="staging")
        with CaptureQueriesContext(connection) as captured:
            ada.client().get("/server-keys?environment=staging")
        costs.append(len(captured))
    assert costs[0] == costs[1]
    seen, page = [], "/server-keys?page_size=3"
    while page:
        answer = ada.client().get(page).json()
        seen += [each["id"] for each in answer["results"]]
        page = answer["next"]
    assert sorted(seen) == sorted(ServerKey.objects.values_list("pk", flat=True))
    (own,) = ada.client().get("/server-keys?environment=production").json()["results"]
    assert own["environment"] == production.key
