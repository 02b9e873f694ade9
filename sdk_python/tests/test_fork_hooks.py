"""What a client does around a fork, seen without one: the calls that ``os`` makes, made by hand."""

import threading
from typing import Any

from flagsite_sdk import FlagClient, forks
from flagsite_sdk.gathering import gather

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server


def offline() -> FlagClient:
    flags = {"new-checkout": documents.boolean()}
    return FlagClient("http://flags.test", offline=True, bootstrap={"flags": flags})


def is_free(client: FlagClient) -> bool:
    """Whether another thread could change the configuration, or count a new way in which a flag ends, now."""
    answers: list[bool] = []

    def attempt() -> None:
        configuration = client._configuration
        locks: tuple[Any, ...] = (
            configuration.lock,
            configuration.snapshot._lock,
            configuration.snapshot._counters._lock,
        )
        for lock in locks:
            free = lock.acquire(blocking=False)
            answers.append(free)
            if free:
                lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert len(set(answers)) == 1
    return answers[0]


def test_nobody_is_in_the_middle_of_anything_while_the_process_is_copied() -> None:
    client = offline()
    forks._before()
    assert not is_free(client)
    forks._in_parent()
    assert is_free(client)


def test_the_parent_goes_on_as_before(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    forks._before()
    forks._in_parent()
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    client.close()
    assert server.counts()["new-checkout", "on", "FALLTHROUGH"] >= 1


def test_a_child_begins_with_the_configuration_and_without_the_counts() -> None:
    client = offline()
    client.is_enabled("new-checkout", ALICE)
    client.is_enabled("missing", ALICE)
    forks._before()
    forks._in_child()
    assert is_free(client)
    assert list(gather(client._configuration, client._errors)) == []
    assert client.status().ready
    assert client.is_enabled("new-checkout", ALICE)
    assert len(list(gather(client._configuration, client._errors))) == 1


def test_a_child_lets_go_of_its_parent_s_threads_and_socket(connect: Connect, server: Server) -> None:
    client = connect()
    parents = client._background
    assert parents is not None
    forks._before()
    forks._in_child()
    assert client._background is None
    assert client.is_enabled("new-checkout", ALICE)
    eventually(lambda: client._background is not None and server.streams >= 1)
    assert client._background is not parents
    parents.stop(1)


def test_closed_clients_stay_closed() -> None:
    client = offline()
    client.close()
    forks._before()
    forks._in_child()
    assert client._table is client._configuration.table
