"""Environments over REST: opened with every flag disabled, and what their changes ask for."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Project
from tests.conftest import Person
from tests.flags.builders import make
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def test_an_environment_is_opened_with_every_flag_disabled(ada: Person, vi: Person, shop: Project) -> None:
    make(shop, "checkout")
    opened = ada.client().post("/environments", {"key": "preview", "name": "Preview", "comment": "For reviews"})
    assert (opened.status_code, opened.json()["protected"], opened.json()["revision"]) == (201, False, 1)
    keys = [each["key"] for each in vi.client().get("/environments").json()]
    assert keys == ["development", "staging", "production", "preview"]
    assert vi.client().get("/flags/checkout?environment=preview").json()["enabled"] is False


def test_what_changes_ask_for_is_set_field_by_field_and_holds_at_once(ada: Person, ed: Person, shop: Project) -> None:
    make(shop, "checkout")
    changed = ada.client().patch("/environments/production", {"protected": True})
    assert (changed.json()["protected"], changed.json()["requires_approval"]) == (True, False)
    address, off = "/flags/checkout?environment=production", {"enabled": False}
    assert_problem(ed.client().patch(address, off), 400, "INVALID", "comment")
    both = ada.client().patch("/environments/production", {"requires_approval": True, "name": "Live"}).json()
    assert (both["protected"], both["requires_approval"], both["name"]) == (True, True, "Live")
    assert_problem(ed.client().patch(address, off), 409, "APPROVAL_REQUIRED")
    assert ada.client().patch("/environments/production", {"position": 0}).json()["requires_approval"] is True


def test_what_is_wrong_is_refused_at_its_place(ada: Person, otto: Person, sdk: APIClient) -> None:
    api = ada.client()
    with nothing_changes():
        for body, place in (
            ({"name": ""}, "name"),
            ({"position": -1}, "position"),
            ({"position": 40_000}, "position"),
            ({"protected": "perhaps"}, "protected"),
            ({"is_protected": True}, "is_protected"),
            ({"key": "live"}, "key"),
        ):
            assert_problem(api.patch("/environments/production", body), 400, "INVALID", place)
        assert_problem(api.patch("/environments/moon", {"name": "x"}), 404, "ENVIRONMENT_NOT_FOUND")
        assert_problem(api.post("/environments", {"key": "No key", "name": "x"}), 400, "INVALID", "key")
        assert_problem(api.post("/environments", {"key": "staging", "name": "x"}), 409, "KEY_TAKEN")
        assert_problem(otto.client().get("/environments?project=shop"), 404, "PROJECT_NOT_FOUND")
