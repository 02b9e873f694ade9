"""Deliveries of webhooks: written with what happened, tried until they are taken, each by one worker, under one id."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Environment, Project
from flagsite.lib import clock
from rollouts.models import Attempt, Delivery, Ramp, Webhook
from rollouts.notices.patience import MAX_ATTEMPTS, bound_after, wait_after
from rollouts.services.notices import notify, send_again, send_due, send_test, update_webhook
from rollouts.tasks import keep_notices, send_notices
from tests.conftest import SYSTEM, Person
from tests.flags.builders import PRODUCTION, boolean, create
from tests.rollouts.occurrences import happened, hook
from tests.rollouts.receiver import Receiver, status

pytestmark = pytest.mark.django_db


def the_only() -> Delivery:
    return Delivery.objects.get()


def test_what_happened_arrives_signed(shop: Project, ramp: Ramp, receiver: Receiver, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://flags.shop.example/"
    _, secret = hook(shop, receiver.address)
    notify(
        happened(
            ramp,
            "rolled_back",
            text="Rolled back.",
            details={"guardrail": {"name": "Errors"}, "figures": {"limit": 0.02}},
        )
    )
    assert send_due() == 1
    (request,) = receiver.received
    document = request.verified_with(secret)
    assert document == {
        "version": 1,
        "id": request.id,
        "type": "ramp.rolled_back",
        "timestamp": document["timestamp"],
        "data": {
            "project": "shop",
            "environment": "production",
            "flag": "checkout",
            "rule": None,
            "ramp": ramp.pk,
            "from_percentage": 1,
            "to_percentage": 10,
            "revision": 7,
            "actor": "ramp of ed",
            "text": "Rolled back.",
            "guardrail": {"name": "Errors"},
            "figures": {"limit": 0.02},
            "waits_for": None,
            "link": f"https://flags.shop.example/admin/rollouts/ramp/{ramp.pk}/change/",
        },
    }
    assert request.headers["content-type"] == "application/json"
    assert (the_only().status, request.id) == (Delivery.Status.DELIVERED, str(the_only().pk))


def test_slack_gets_a_message_in_which_nothing_is_a_mention(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address, format="slack")
    notify(happened(ramp, text="<!channel> & others"))
    send_due()
    message = receiver.received[0].document
    assert message["text"] == "checkout in production: Step, 1 % → 10 %: &lt;!channel&gt; &amp; others"
    assert [block["type"] for block in message["blocks"]] == ["section", "context"]
    assert "<!channel>" not in receiver.received[0].body.decode()


def test_who_wants_to_hear_of_it_is_told_and_nobody_else(
    shop: Project, ramp: Ramp, receiver: Receiver, otto: object
) -> None:
    other = Project.objects.get(key="elsewhere")
    hook(shop, receiver.address, name="all")
    hook(shop, receiver.address, name="this", kinds=["step", "paused"], environments=["production", "staging"])
    hook(shop, receiver.address, name="other kind", kinds=["paused"])
    hook(shop, receiver.address, name="other environment", environments=["staging"])
    hook(shop, receiver.address, name="off", is_active=False)
    hook(other, receiver.address, name="other project")
    notify(happened(ramp, "step"))
    assert sorted(Delivery.objects.values_list("webhook__name", flat=True)) == ["all", "this"]


def test_nobody_is_told_twice_of_the_same(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address)
    occurrence = happened(ramp)
    notify(occurrence)
    notify(occurrence)
    send_due()
    send_due()
    assert len(receiver.received) == 1


@pytest.mark.django_db(transaction=True)
def test_what_did_not_happen_is_not_told(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address)
    with transaction.atomic():
        notify(happened(ramp))
        transaction.set_rollback(True)
    assert send_due() == 0
    assert receiver.received == []


def test_a_worker_is_woken_once_it_is_committed(
    shop: Project,
    ramp: Ramp,
    receiver: Receiver,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(send_notices, "apply_async", lambda **options: sent.append(options))
    with django_capture_on_commit_callbacks(execute=True):
        notify(happened(ramp))  # whom nobody wants to hear of
    assert sent == []
    hook(shop, receiver.address)
    with django_capture_on_commit_callbacks(execute=True):
        notify(happened(ramp))
    assert sent == [{"retry": False}]


def test_a_broker_that_is_down_breaks_nothing(
    shop: Project,
    ramp: Ramp,
    receiver: Receiver,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(**_: object) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(send_notices, "apply_async", fails)
    hook(shop, receiver.address)
    with django_capture_on_commit_callbacks(execute=True):
        notify(happened(ramp))
    assert send_notices() == 1  # as beat has it done


def test_two_failures_and_a_success_are_one_delivery_under_one_id(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    receiver.replies = [status(500, b"oh no"), status(503), status(200), status(200)]
    webhook, secret = hook(shop, receiver.address)
    notify(happened(ramp))
    assert send_due() == 1
    webhook.refresh_from_db()
    assert webhook.failing_since == clock.now()
    for _ in range(4):
        later(timedelta(hours=1))
        send_due()
    first, second, third = receiver.received
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    log = [(each.status_code, each.answer, each.error) for each in the_only().log.all()]
    assert log == [(500, "oh no", ""), (503, "", ""), (200, "", "")]
    assert the_only().status == Delivery.Status.DELIVERED
    webhook.refresh_from_db()
    assert webhook.failing_since is None
    assert secret


def test_after_ten_attempts_over_about_a_day_it_is_given_up(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    receiver.replies = [status(500)]
    webhook, _ = hook(shop, receiver.address)
    notify(happened(ramp))
    for _ in range(MAX_ATTEMPTS + 5):
        send_due()
        later(timedelta(hours=12))
    assert len(receiver.received) == MAX_ATTEMPTS == 10
    assert the_only().status == Delivery.Status.FAILED
    webhook.refresh_from_db()
    assert webhook.has_failed_for_days(clock.now())


def test_the_wait_grows_and_is_drawn_anew() -> None:
    bounds = [bound_after(attempts) for attempts in range(1, MAX_ATTEMPTS)]
    seconds = [bound.total_seconds() for bound in bounds if bound is not None]
    assert seconds == [20, 60, 180, 540, 1620, 4860, 14_580, 43_200, 43_200]
    assert bound_after(MAX_ATTEMPTS) is None
    assert wait_after(MAX_ATTEMPTS) is None
    drawn = {wait_after(5) for _ in range(50)}
    assert len(drawn) == 50
    assert all(wait is not None and timedelta() <= wait <= timedelta(seconds=1620) for wait in drawn)


def test_a_webhook_that_is_gone_is_turned_off(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    receiver.replies = [status(410)]
    webhook, _ = hook(shop, receiver.address)
    notify(happened(ramp, "step"))
    notify(happened(ramp, "paused"))
    send_due()
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.turned_off_because) == (False, "It answered 410 Gone.")
    assert len(receiver.received) == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed", "dropped"}
    notify(happened(ramp, "resumed"))
    assert Delivery.objects.count() == 2
    update_webhook(webhook, fields={"is_active": True}, by=SYSTEM)
    webhook.refresh_from_db()
    assert (webhook.turned_off_because, webhook.failing_since) == ("", None)


def test_a_webhook_turned_off_gets_nothing_of_what_waited(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    webhook, _ = hook(shop, receiver.address)
    notify(happened(ramp))
    Webhook.objects.update(is_active=False)  # while it was being written
    assert send_due() == 0
    assert (the_only().status, receiver.received) == (Delivery.Status.DROPPED, [])
    assert str(webhook)


def test_sending_again_is_another_attempt_under_the_same_id(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    send_due()
    send_again(the_only(), by=SYSTEM)
    send_due()
    assert len(receiver.received) == 2
    assert len({request.id for request in receiver.received}) == 1
    assert the_only().log.count() == 2


def test_a_test_says_that_it_is_one(shop: Project, receiver: Receiver) -> None:
    webhook, secret = hook(shop, receiver.address)
    (delivery,) = send_test(webhook, by=SYSTEM)
    send_due()
    document = receiver.received[0].verified_with(secret)
    assert (document["type"], document["id"]) == ("notice.test", str(delivery.pk))
    assert document["data"]["flag"] is None


def test_what_is_over_is_forgotten_and_what_waits_is_kept(
    shop: Project, ramp: Ramp, receiver: Receiver, settings: Settings, later: Callable[[timedelta], None]
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp, "step"))
    send_due()
    notify(happened(ramp, "paused"))
    later(timedelta(days=settings.NOTICE_RETENTION_DAYS, seconds=1))
    keep_notices()
    assert the_only().status == Delivery.Status.WAITING
    assert Attempt.objects.count() == 0


def test_what_happened_is_told_even_if_the_flag_is_gone(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp, "stopped"))
    ramp.state.flag.delete()
    assert send_due() == 1
    assert receiver.received[0].document["data"]["flag"] == "checkout"


def test_prometheus_is_told(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    def count(outcome: str) -> float:
        return REGISTRY.get_sample_value("flagsite_notice_deliveries_total", {"outcome": outcome}) or 0

    before = {outcome: count(outcome) for outcome in ("delivered", "retried")}
    receiver.replies = [status(200), status(500)]
    hook(shop, receiver.address)
    notify(happened(ramp, "step"))
    notify(happened(ramp, "paused"))
    send_due()
    assert {outcome: count(outcome) - before[outcome] for outcome in before} == {"delivered": 1, "retried": 1}


def test_what_is_done_with_a_ramp_is_told(ada: Person, ed: Person, production: Environment, receiver: Receiver) -> None:
    create(ed, boolean())
    path = f"/flags/checkout/ramp{PRODUCTION}"
    made = ada.client().post("/webhooks", {"name": "Ops", "address": receiver.address}).json()
    ed.client().post(path, {"steps": [{"percentage": 1, "after": "0s"}, {"percentage": 50, "after": "1h"}]})
    ed.client().post(f"/flags/checkout/ramp/pause{PRODUCTION}", {"comment": "Lunch"})
    send_due()
    told = [request.verified_with(made["secret"]) for request in receiver.received]
    assert [each["type"] for each in told] == ["ramp.started", "ramp.step", "ramp.paused"]
    assert (told[1]["data"]["to_percentage"], told[1]["data"]["revision"]) == (1, 3)
    assert told[2]["data"]["actor"] == "ed"
    assert "Lunch" in told[2]["data"]["text"]
