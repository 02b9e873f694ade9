"""Any number of workers deliver each notice once; what a dead one had comes back; a slow receiver delays itself."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Environment, Project
from rollouts.models import Delivery, Ramp
from rollouts.notices.patience import MAX_ATTEMPTS
from rollouts.notices.sending import Answer, Message
from rollouts.services.notices import deliveries, notify, send_due
from rollouts.services.notices.deliveries import LEASE, Claimed, claim, record_answer
from rollouts.services.notices.messages import message_of
from tests.rollouts.occurrences import happened, hook, running_ramp
from tests.rollouts.receiver import Handler, Receiver, receiving, status

pytestmark = pytest.mark.django_db


def the_only() -> Delivery:
    return Delivery.objects.get()


def test_a_worker_that_dies_hands_back_what_it_had(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    (claimed,) = claim(10)  # and then the worker is killed
    assert send_due() == 0
    later(LEASE - timedelta(seconds=1))
    assert send_due() == 0
    later(timedelta(seconds=1))
    assert send_due() == 1
    assert receiver.received[0].id == str(claimed.delivery)
    assert the_only().status == Delivery.Status.DELIVERED


def test_a_worker_that_dies_every_time_does_not_go_on_for_ever(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    for _ in range(MAX_ATTEMPTS):
        assert len(claim(10)) == 1
        later(LEASE)
    assert claim(10) == []
    assert the_only().status == Delivery.Status.FAILED


def test_a_worker_that_took_too_long_does_not_overrule_its_successor(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    (slow,) = claim(10)
    later(LEASE)
    assert send_due() == 1
    record_answer(slow, Answer(milliseconds=120_000, error="It did not answer in time."))
    assert the_only().status == Delivery.Status.DELIVERED
    assert the_only().log.count() == 2


def test_a_worker_that_took_too_long_leaves_its_successor_alone(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    (slow,) = claim(10)
    later(LEASE)
    (successor,) = claim(10)
    record_answer(slow, Answer(milliseconds=120_000, error="It did not answer in time."))
    assert (the_only().lease, claim(10)) == (successor.lease, [])


@pytest.mark.django_db(transaction=True)
def test_a_worker_passes_over_what_another_one_is_just_claiming(
    shop: Project, ramp: Ramp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp))
    in_the_middle, may_go_on = threading.Event(), threading.Event()
    claims: list[list[Claimed]] = []

    def slowly(delivery: Delivery) -> Message:
        in_the_middle.set()
        may_go_on.wait(5)
        return message_of(delivery)

    def work() -> None:
        try:
            claims.append(claim(10))
        finally:
            connection.close()

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "message_of", slowly)
        other = threading.Thread(target=work)
        other.start()
        assert in_the_middle.wait(10)
        patched.undo()
        assert claim(10) == []
        assert claims == []  # the other one is still at it: nobody waited
    may_go_on.set()
    other.join()
    assert len(claims[0]) == 1


def test_what_waits_for_a_webhook_that_is_gone_is_dropped_at_once(
    shop: Project, ramp: Ramp, receiver: Receiver
) -> None:
    hook(shop, receiver.address)
    notify(happened(ramp, "step"))
    notify(happened(ramp, "paused"))
    (claimed,) = claim(10)
    record_answer(claimed, Answer(milliseconds=5, status_code=410))
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["dropped", "failed"]


def test_a_receiver_has_one_request_at_a_time(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    hook(shop, receiver.address, name="one")
    hook(shop, receiver.address, name="other")
    for kind in ("step", "paused", "resumed"):
        notify(happened(ramp, kind))
    first = claim(10)
    assert sorted(Delivery.objects.filter(leased_until=None).values_list("kind", flat=True)) == [
        *("ramp.paused", "ramp.paused"),
        *("ramp.resumed", "ramp.resumed"),
    ]
    assert (len(first), claim(10)) == (2, [])


def test_a_slow_receiver_delays_itself_only(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    with receiving() as slow:
        quick_is_done = threading.Event()

        def slowly(handler: Handler) -> None:
            quick_is_done.wait(10)
            status(200)(handler)

        def at_last(handler: Handler) -> None:
            status(200)(handler)
            quick_is_done.set()

        slow.replies = [slowly]
        receiver.replies = [*[status(200)] * 4, at_last]
        hook(shop, slow.address, name="slow")
        hook(shop, receiver.address, name="quick")
        for kind in ("started", "step", "paused", "resumed", "finished"):
            notify(happened(ramp, kind))
        assert send_due() == 10
    assert [each.document["type"] for each in receiver.received] == [
        *("ramp.started", "ramp.step", "ramp.paused", "ramp.resumed", "ramp.finished"),
    ]
    assert len(slow.received) == 5


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_deliver_each_once(shop: Project, production: Environment, receiver: Receiver) -> None:
    ramp = running_ramp(shop, production)
    for number in range(4):
        hook(shop, receiver.address, name=f"number {number}")
    for _ in range(25):
        notify(happened(ramp))
    together = threading.Barrier(3)
    counts: list[int] = []

    def work() -> None:
        together.wait()
        try:
            counts.append(send_due())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 100
    assert len({request.id for request in receiver.received}) == len(receiver.received) == 100
    assert set(Delivery.objects.values_list("status", "attempts")) == {("delivered", 1)}


@pytest.mark.django_db(transaction=True)
def test_the_request_is_made_outside_a_transaction(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    seen: list[datetime | None] = []

    def look(handler: Handler) -> None:
        seen.extend(Delivery.objects.values_list("leased_until", flat=True))  # another connection sees the lease
        connection.close()
        status(200)(handler)

    receiver.replies = [look]
    hook(shop, receiver.address)
    notify(happened(ramp))
    send_due()
    assert len(seen) == 1
    assert isinstance(seen[0], datetime)
