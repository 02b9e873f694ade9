"""Webhooks over REST: made, changed, rotated, tried out and deleted by those who manage the project."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts.models import Environment, Project
from rollouts.models import Delivery, Webhook
from rollouts.services.notices import notify, send_due
from rollouts.services.notices.webhooks import MAX_WEBHOOKS
from tests.conftest import Person
from tests.problems import assert_problem
from tests.rollouts.occurrences import happened, hook, running_ramp
from tests.rollouts.receiver import Receiver, status
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.com/services/T0/very-secret"


def created(person: Person, **fields: Any) -> Any:
    response = person.client().post("/webhooks", {"name": "Ops", "address": ADDRESS, **fields})
    assert response.status_code == 201, response.content
    return response.json()


def test_a_webhook_is_made_and_its_secret_is_shown_once(ada: Person) -> None:
    made = created(ada, kinds=["rolled_back", "step"], environments=["production"], format="slack")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made == {
        "id": made["id"],
        "project": "shop",
        "name": "Ops",
        "address": ADDRESS,
        "format": "slack",
        "kinds": ["step", "rolled_back"],
        "environments": ["production"],
        "active": True,
        "turned_off_because": "",
        "failing_since": None,
        "old_secret_until": None,
        "version": 1,
        "created_at": made["created_at"],
    }
    answer = ada.client().get(f"/webhooks/{made['id']}")
    assert (answer.json(), answer.headers["ETag"]) == (made, '"1"')
    assert ada.client().get("/webhooks").json() == {"next": None, "previous": None, "results": [made]}


def test_it_is_changed_where_the_version_is_the_one_that_was_seen(ada: Person) -> None:
    path = f"/webhooks/{created(ada)['id']}"
    changed = ada.client().patch(path, {"active": False, "kinds": ["paused"]}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json()["active"], changed.json()["kinds"], changed.json()["name"]) == (False, ["paused"], "Ops")
    with nothing_changes():
        assert_problem(ada.client().patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "STALE_VERSION")
        assert_problem(ada.client().delete(path, headers={"If-Match": '"1"'}), 412, "STALE_VERSION")
        assert_problem(ada.client().post(f"{path}/rotate", {}, headers={"If-Match": '"1"'}), 412, "STALE_VERSION")
        assert ada.client().patch(path, {"active": False}).json()["version"] == 2
    assert ada.client().delete(path).status_code == 204
    assert_problem(ada.client().get(path), 404, "WEBHOOK_NOT_FOUND")


BAD: list[tuple[dict[str, Any], str]] = [
    *[({"name": bad}, "name") for bad in ("", "  ", "x" * 201, None, 5)],
    *[({"address": bad}, "address") for bad in ("", "x", "http://a.example", "https://10.0.0.1/", None, 5)],
    ({"address": "https://a.example/" + "x" * 2000}, "address"),
    *[({"format": bad}, "format") for bad in ("xml", None, 5)],
    *[({"kinds": bad}, path) for bad, path in ((["gone"], "kinds[0]"), ("step", "kinds"), ([{}], "kinds[0]"))],
    ({"environments": ["moon"]}, "environments[0]"),
    ({"environments": "production"}, "environments"),
    ({"active": "perhaps"}, "active"),
    ({"secret": "whsec_mine"}, "secret"),
]


def test_what_is_wrong_is_refused_at_its_place(ada: Person, subtests: pytest.Subtests) -> None:
    path = f"/webhooks/{created(ada)['id']}"
    with nothing_changes():
        for body, place in BAD:
            with subtests.test(str(body)[:80]):
                assert_problem(ada.client().patch(path, body), 400, "INVALID", place)
                whole = {"name": "Ops", "address": ADDRESS, **body}
                assert_problem(ada.client().post("/webhooks", whole), 400, "INVALID", place)
        assert_problem(ada.client().post("/webhooks", {"name": "Ops"}), 400, "INVALID", "address")
        assert_problem(ada.client().post("/webhooks", {"address": ADDRESS}), 400, "INVALID", "name")
        for hours in (-1, 169, "5", True):
            assert_problem(
                ada.client().post(f"{path}/rotate", {"overlap_hours": hours}), 400, "INVALID", "overlap_hours"
            )
        assert_problem(ada.client().get(f"/webhooks/{10**30}"), 404, "WEBHOOK_NOT_FOUND")


def test_a_project_has_so_many_webhooks_and_no_more(ada: Person, shop: Project) -> None:
    for _ in range(MAX_WEBHOOKS):
        hook(shop, ADDRESS)
    assert_problem(ada.client().post("/webhooks", {"name": "Ops", "address": ADDRESS}), 400, "INVALID")


def test_the_audit_log_holds_no_secret(ada: Person) -> None:
    made = created(ada)
    path = f"/webhooks/{made['id']}"
    rotated = ada.client().post(f"{path}/rotate", {"overlap_hours": 2}).json()
    ada.client().patch(path, {"address": "https://hooks.example.com/services/T0/other-secret"})
    ada.client().delete(path)
    entries = LogEntry.objects.filter(content_type__model="webhook").order_by("pk")
    written = "".join(f"{each.changes} {each.object_repr} {each.additional_data}" for each in entries)
    assert [each.action for each in entries] == [0, 1, 1, 2]
    assert all(each.additional_data["project"] == "shop" for each in entries)
    for secret in (made["secret"], rotated["secret"], "very-secret", "other-secret"):
        assert secret not in written
    assert entries[2].changes["address"][0] != entries[2].changes["address"][1]  # that it changed is seen


def test_a_rotation_shows_another_secret_and_says_until_when_both_sign(ada: Person) -> None:
    made = created(ada)
    first = ada.client().post(f"/webhooks/{made['id']}/rotate").json()
    assert first["secret"] not in {made["secret"], ""}
    assert first["old_secret_until"] is not None
    at_once = ada.client().post(f"/webhooks/{made['id']}/rotate", {"overlap_hours": 0}).json()
    assert at_once["old_secret_until"] is None
    assert Webhook.objects.get().old_secret == ""


def test_a_test_is_sent_and_the_deliveries_say_what_came_of_it(ada: Person, receiver: Receiver) -> None:
    receiver.replies = [status(500, b"oh no")]
    made = created(ada, address=receiver.address)
    answer = ada.client().post(f"/webhooks/{made['id']}/test")
    assert (answer.status_code, answer.json()["status"], answer.json()["log"]) == (202, "waiting", [])
    send_due()
    (found,) = ada.client().get(f"/webhooks/{made['id']}/deliveries").json()["results"]
    (attempt,) = found["log"]
    assert (found["id"], found["type"], found["status"]) == (answer.json()["id"], "notice.test", "waiting")
    assert (attempt["status_code"], attempt["answer"], attempt["error"]) == (500, "oh no", "")
    assert found["next_at"] > found["created_at"]
    assert ada.client().get(f"/webhooks/{made['id']}").json()["failing_since"] is not None
    ada.client().patch(f"/webhooks/{made['id']}", {"active": False})
    assert_problem(ada.client().post(f"/webhooks/{made['id']}/test"), 409, "CONFLICT")


def test_deliveries_come_in_pages(ada: Person, shop: Project, production: Environment, settings: Settings) -> None:
    webhook, _ = hook(shop, ADDRESS)
    ramp = running_ramp(shop, production)
    for _ in range(5):
        notify(happened(ramp))
    seen, page = [], f"/webhooks/{webhook.pk}/deliveries?page_size=2"
    while page:
        answer = ada.client().get(page).json()
        seen += [each["id"] for each in answer["results"]]
        assert len(answer["results"]) <= 2
        page = answer["next"]
    assert len(set(seen)) == len(seen) == 5 == Delivery.objects.count()
    assert_problem(ada.client().get(f"/webhooks/{webhook.pk}/deliveries?cursor=x"), 400, "INVALID", "cursor")
    assert_problem(ada.client().get("/webhooks?cursor=x"), 400, "INVALID", "cursor")


def test_another_project_s_webhook_is_not_there(ada: Person, otto: Person) -> None:
    made = created(otto)
    for path in ("", "/deliveries"):
        assert_problem(ada.client().get(f"/webhooks/{made['id']}{path}"), 404, "WEBHOOK_NOT_FOUND")
    assert_problem(ada.client().post(f"/webhooks/{made['id']}/test"), 404, "WEBHOOK_NOT_FOUND")
    assert_problem(ada.client().delete(f"/webhooks/{made['id']}"), 404, "WEBHOOK_NOT_FOUND")
