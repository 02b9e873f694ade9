"""E-mail notices over REST: made, changed, tried out and deleted by those who manage the project."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Project
from accounts.roles import Role
from rollouts.models import Delivery
from rollouts.services.notices import send_due
from rollouts.services.notices.mails import MAX_ADDRESSES, MAX_MAIL_NOTICES
from tests.conftest import Person
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

OPS = "ops@shop.example"


@pytest.fixture
def wim(shop: Project, make_person: Callable[..., Person]) -> Person:
    return make_person("wim", role=Role.VIEWER, project=shop, email="wim@shop.example")


def created(person: Person, **fields: Any) -> Any:
    response = person.client().post("/mail-notices", {"name": "On call", "addresses": [OPS], **fields})
    assert response.status_code == 201, response.content
    return response.json()


def test_an_e_mail_notice_is_made_read_changed_and_deleted(ada: Person, wim: Person) -> None:
    made = created(ada, people=["wim"], kinds=["rolled_back", "step"], environments=["production"])
    assert made == {
        "id": made["id"],
        "project": "shop",
        "name": "On call",
        "kinds": ["step", "rolled_back"],
        "environments": ["production"],
        "active": True,
        "failing_since": None,
        "version": 1,
        "created_at": made["created_at"],
        "addresses": [OPS],
        "people": ["wim"],
    }
    path = f"/mail-notices/{made['id']}"
    assert ada.client().get(path).json() == made
    assert ada.client().get("/mail-notices").json() == {"next": None, "previous": None, "results": [made]}
    changed = ada.client().patch(path, {"addresses": [], "active": False}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json()["addresses"], changed.json()["people"], changed.json()["active"]) == ([], ["wim"], False)
    with nothing_changes():
        assert_problem(ada.client().patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "STALE_VERSION")
        assert_problem(ada.client().delete(path, headers={"If-Match": '"1"'}), 412, "STALE_VERSION")
        assert_problem(ada.client().patch(path, {"people": []}), 400, "INVALID", "addresses")
    assert ada.client().delete(path).status_code == 204
    assert_problem(ada.client().get(path), 404, "MAIL_NOTICE_NOT_FOUND")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"),
    ({"addresses": ["nobody"]}, "addresses[0]"),
    ({"addresses": [5]}, "addresses[0]"),
    ({"addresses": [f"a{n}@shop.example" for n in range(MAX_ADDRESSES + 1)]}, "addresses"),
    ({"people": ["wim", "otto"]}, "people[1]"),  # who is there, but not in this project
    ({"people": ["nobody"]}, "people[0]"),
    ({"kinds": ["gone"]}, "kinds[0]"),
    ({"environments": ["moon"]}, "environments[0]"),
    ({"address": OPS}, "address"),
]


def test_what_is_wrong_is_refused_at_its_place(
    ada: Person, otto: Person, wim: Person, shop: Project, subtests: pytest.Subtests
) -> None:
    path = f"/mail-notices/{created(ada)['id']}"
    with nothing_changes():
        for body, place in BAD:
            with subtests.test(str(body)[:80]):
                assert_problem(ada.client().patch(path, body), 400, "INVALID", place)
                whole = {"name": "On call", "addresses": [OPS], **body}
                assert_problem(ada.client().post("/mail-notices", whole), 400, "INVALID", place)
        assert_problem(ada.client().post("/mail-notices", {"name": "On call"}), 400, "INVALID", "addresses")
        assert_problem(otto.client().get(path), 404, "MAIL_NOTICE_NOT_FOUND")
    for _ in range(MAX_MAIL_NOTICES - 1):
        created(ada)
    assert_problem(ada.client().post("/mail-notices", {"name": "x", "addresses": [OPS]}), 400, "INVALID")


def test_a_test_goes_to_everybody_and_once_more_when_that_is_asked_for(
    ada: Person, wim: Person, otto: Person, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.shop.example"
    made = created(ada, people=["wim"])
    sent = ada.client().post(f"/mail-notices/{made['id']}/test").json()["results"]
    assert sorted(each["recipient"] for each in sent) == [OPS, "wim@shop.example"]
    send_due()
    assert len(mail.outbox) == 2
    found = ada.client().get(f"/mail-notices/{made['id']}/deliveries").json()["results"]
    assert {(each["status"], len(each["log"])) for each in found} == {("delivered", 1)}
    again = f"/deliveries/{found[0]['id']}/send-again"
    with nothing_changes():
        assert_problem(otto.client().post(again), 404, "DELIVERY_NOT_FOUND")
        assert_problem(wim.client().post(again), 403, "MISSING_ROLE")
    assert ada.client().post(again).json()["status"] == "waiting"
    send_due()
    assert len(mail.outbox) == 3
    assert Delivery.objects.count() == 2


def test_the_list_costs_the_same_for_few_and_for_many(ada: Person, wim: Person) -> None:
    costs = []
    for number in (2, 5):
        for _ in range(number):
            created(ada, people=["wim"], environments=["production"])
        with CaptureQueriesContext(connection) as captured:
            ada.client().get("/mail-notices")
        costs.append(len(captured))
    assert costs[0] == costs[1]
