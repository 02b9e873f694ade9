"""The main job, through the REST API: create a flag, read it, decide it, change it, see the change at once."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import Person

pytestmark = pytest.mark.django_db

PRODUCTION = "?environment=production"


@pytest.fixture
def flag(ed: Person) -> dict[str, Any]:
    body = {"key": "new-checkout", "type": "boolean", "name": "New checkout", "enabled": True}
    response = ed.client().post(f"/flags{PRODUCTION}", body)
    assert response.status_code == 201, response.content
    created: dict[str, Any] = response.json()
    return created


def decide(sdk: APIClient, key: str, **context: Any) -> dict[str, Any]:
    response = sdk.post("/evaluate", {"flag_key": key, "context": context})
    assert response.status_code == 200, response.content
    decided: dict[str, Any] = response.json()
    return decided


def test_a_created_flag_is_read_back_as_it_was_created(ed: Person, flag: dict[str, Any]) -> None:
    read = ed.client().get(f"/flags/new-checkout{PRODUCTION}")
    assert read.json() == flag
    assert flag["enabled"] is True
    assert flag["variations"] == [{"key": "on", "value": True}, {"key": "off", "value": False}]
    assert (flag["off_variation"], flag["fallthrough"]) == ("off", {"variation": "on"})
    assert flag["version"] == 1


def test_a_new_flag_is_on_where_it_was_created_and_off_elsewhere(ed: Person, flag: dict[str, Any]) -> None:
    elsewhere = ed.client().get("/flags/new-checkout?environment=staging").json()
    assert elsewhere["enabled"] is False
    assert elsewhere["salt"] == flag["salt"]


def test_a_change_shows_in_the_very_next_evaluation(ed: Person, sdk: APIClient, flag: dict[str, Any]) -> None:
    assert decide(sdk, flag["key"], id="user-1")["value"] is True
    changed = ed.client().patch(f"/flags/new-checkout{PRODUCTION}", {"enabled": False})
    assert changed.status_code == 200
    after = decide(sdk, flag["key"], id="user-1")
    assert (after["value"], after["variation"], after["reason"]) == (False, "off", "OFF")
    assert after["revision"] == 3  # opening the environment, creating, changing


def test_rules_and_segments_decide_together(ed: Person, sdk: APIClient, flag: dict[str, Any]) -> None:
    client = ed.client()
    us = {"attribute": "country", "operator": "equals", "value": "US"}
    assert client.post("/segments", {"key": "us", "if": us}).status_code == 201
    rules = [{"name": "In the US", "if": {"segment": "us"}, "serve": {"variation": "on"}}]
    change = {"rules": rules, "fallthrough": {"variation": "off"}}
    changed = client.patch(f"/flags/new-checkout{PRODUCTION}", change)
    assert changed.status_code == 200, changed.content
    inside, outside = decide(sdk, flag["key"], id="a", country="US"), decide(sdk, flag["key"], id="a", country="FR")
    assert (inside["value"], inside["reason"], inside["rule"]) == (True, "RULE_MATCH", "in-the-us")
    assert (outside["value"], outside["reason"]) == (False, "FALLTHROUGH")
    client.patch("/segments/us", {"included": ["french-friend"]})
    assert decide(sdk, flag["key"], id="french-friend", country="FR")["value"] is True
