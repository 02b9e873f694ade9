"""Many threads, one client: exact counts, whole revisions, no exception."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from flagsite_sdk.testing import StaticClient

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server

THREADS, READS = 4, 2_000


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    """Let threads interrupt each other a hundred times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.00005)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[], object], number: int = THREADS) -> None:
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as problem:  # noqa: BLE001 - handed to the test
            failures.append(problem)

    threads = [threading.Thread(target=guarded) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_counts_of_many_threads_are_exact(connect: Connect, server: Server) -> None:
    client = connect(flush_interval=0.01)

    def work() -> None:
        for _ in range(READS):
            client.is_enabled("new-checkout", ALICE)
            client.evaluate("missing", ALICE)

    together(work)
    client.close()
    assert server.counts() == {
        ("new-checkout", "on", "FALLTHROUGH"): THREADS * READS,
        ("missing", None, "ERROR"): THREADS * READS,
    }


def test_readers_and_a_writer_do_not_disturb_each_other(connect: Connect, server: Server) -> None:
    client = connect()

    def work() -> None:
        for _ in range(READS // 10):
            assert client.get_variation("new-checkout", ALICE) in {"on", "off"}
            assert len({each.revision for each in client.evaluate_all(ALICE).values()}) == 1

    def write() -> None:
        for number in range(200):
            server.publish({"new-checkout": documents.boolean(on=bool(number % 2))})

    writer = threading.Thread(target=write)
    writer.start()
    together(work)
    writer.join()
    eventually(lambda: client.status().revision == 201)
    assert client.is_enabled("new-checkout", ALICE)


def test_events_of_many_threads_arrive_once_each(connect: Connect, server: Server) -> None:
    client = connect(flush_interval=0.005)

    def work() -> None:
        for number in range(500):
            client.track("purchase", ALICE, value=number)

    together(work)
    client.close()
    values = sorted(event["value"] for event in server.events())
    assert values == sorted(list(range(500)) * THREADS)


def test_many_threads_wake_a_lazy_client_once(connect: Connect, server: Server) -> None:
    client = connect(lazy=True)
    together(lambda: client.is_enabled("new-checkout", ALICE), 20)
    assert client.wait_until_ready(5)
    assert len(server.streams_opened) == 1


def test_clients_may_be_made_and_closed_from_anywhere(connect: Connect, server: Server) -> None:
    together(lambda: connect().close())
    eventually(lambda: server.streams == 0)


def test_listeners_may_come_and_go_while_news_arrives() -> None:
    client = StaticClient({"new-checkout": True})

    def work() -> None:
        for _ in range(200):
            client.on_change(lambda _: None)()

    def write() -> None:
        for number in range(200):
            client.set("new-checkout", bool(number % 2))

    thread = threading.Thread(target=write)
    thread.start()
    together(work)
    thread.join()
    assert client.status().revision == 201


def test_a_detail_names_the_revision_that_decided(connect: Connect, server: Server) -> None:
    """Odd revisions serve one variation, even ones the other."""
    server.flags = {"new-checkout": documents.boolean(on=True)}
    client = connect()
    done = threading.Event()

    def write() -> None:
        for number in range(300):
            server.publish({"new-checkout": documents.boolean(on=bool(number % 2))})
        eventually(lambda: client.status().revision == 301)
        done.set()

    def work() -> None:
        while not done.is_set():
            detail = client.evaluate_detail("new-checkout", ALICE)
            assert detail.value is bool(detail.revision % 2)

    writer = threading.Thread(target=write)
    writer.start()
    together(work, 2)
    writer.join()
