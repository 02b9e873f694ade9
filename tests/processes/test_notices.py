"""Notices by real workers: two with a beat each deliver every one once; what a killed one had comes all the same."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.ports import eventually
from tests.processes.site import Process, Site
from tests.rollouts.receiver import Handler, Receiver, receiving, status

FLAGS = 1
HOOKS = 3
TESTS = 20


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation whose webhooks may lead to this machine."""
    site = Site(tmp_path_factory.mktemp("site"), flags=FLAGS)
    site.environment["WEBHOOK_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    yield site
    site.close()


@pytest.fixture(scope="module")
def api(site: Site, web: Process) -> Iterator[httpx.Client]:
    with site.api(web) as client:
        yield client


def hook(api: httpx.Client, receiver: Receiver) -> int:
    made = api.post("/webhooks", json={"name": "Ops", "address": receiver.address})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def deliveries(api: httpx.Client, webhook: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/webhooks/{webhook}/deliveries").json()["results"]
    return found


def test_two_workers_and_two_beats_deliver_each_notice_once(site: Site, api: httpx.Client, receiver: Receiver) -> None:
    workers = [site.worker(), site.worker()]
    hooks = [hook(api, receiver) for _ in range(HOOKS)]
    sent = [api.post(f"/webhooks/{each}/test").json()["id"] for _ in range(TESTS) for each in hooks]
    eventually(lambda: len(receiver.received) >= len(sent), within=60)
    for each in hooks:
        eventually(lambda each=each: {one["status"] for one in deliveries(api, each)} == {"delivered"})  # type: ignore[misc]  # a default of its own
    for worker in workers:
        said = worker.said()  # before it is ended, which its children are told as well
        worker.end()
        assert '"level": "error"' not in said
    assert Counter(request.id for request in receiver.received) == Counter(sent)


def test_what_a_killed_worker_was_at_is_delivered_by_the_next_one(
    site: Site, api: httpx.Client, receiver: Receiver
) -> None:
    def never(handler: Handler) -> None:
        handler.server.is_over.wait(60)

    receiver.replies = [never, status(200)]
    webhook = hook(api, receiver)
    worker = site.worker()
    sent = api.post(f"/webhooks/{webhook}/test").json()["id"]
    eventually(lambda: receiver.received, within=30)
    worker.kill()
    (before,) = deliveries(api, webhook)
    assert (before["status"], before["log"]) == ("waiting", [])
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as database:
        # nobody waits for two minutes: the lease is over now
        database.execute("UPDATE rollouts_delivery SET leased_until = now() WHERE id = %s", [sent])
    worker.start()
    eventually(lambda: deliveries(api, webhook)[0]["status"] == "delivered", within=60)
    worker.end()
    assert [request.id for request in receiver.received] == [sent, sent]
