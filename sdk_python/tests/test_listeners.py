"""Those who listen hear what concerns them, and cannot do harm."""

import logging

import pytest
from flagsite_sdk import Change, State, Status
from flagsite_sdk.listeners import Listeners

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server


def test_everyone_hears_even_after_one_raised(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    listeners: Listeners[str] = Listeners()
    listeners.add(lambda news: 1 / len(news[5:]))
    listeners.add(heard.append)
    with caplog.at_level(logging.ERROR):
        listeners.tell("news")
    assert heard == ["news"]
    assert "listener raised" in caplog.text


def test_a_listener_that_left_hears_no_more() -> None:
    heard: list[str] = []
    listeners: Listeners[str] = Listeners()
    leave, _ = listeners.add(heard.append), listeners.add(heard.append)
    leave()
    leave()
    listeners.tell("news")
    assert heard == ["news"]
    assert listeners


def test_changes_are_heard(connect: Connect, server: Server) -> None:
    client = connect()
    changes: list[Change] = []
    client.on_change(changes.append)
    server.publish({"new-checkout": documents.boolean(on=False)}, {"testers": {"included": ["bob"]}})
    eventually(lambda: changes == [Change(2, frozenset({"new-checkout"}), frozenset({"testers"}))])


def test_a_change_is_in_force_when_it_is_heard(connect: Connect, server: Server) -> None:
    client = connect()
    seen: list[bool] = []
    client.on_change(lambda _: seen.append(client.is_enabled("new-checkout", ALICE)))
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: seen == [False])


def test_who_listens_to_a_flag_hears_of_that_flag_only(connect: Connect, server: Server) -> None:
    client = connect()
    changes: list[Change] = []
    leave = client.on_change(changes.append, "banner-text", "other")
    server.publish({"new-checkout": documents.boolean(on=False)})
    server.publish({"banner-text": documents.text("Bye")})
    eventually(lambda: [change.revision for change in changes] == [3])
    leave()
    server.publish({"banner-text": documents.text("Hello again")})
    eventually(lambda: client.status().revision == 4)
    assert len(changes) == 1
    assert client._configuration.watched == frozenset()  # and what nobody listens to costs no change anything


@pytest.mark.parametrize("tell", [True, False])
def test_who_listens_to_a_flag_hears_of_what_it_depends_on(connect: Connect, server: Server, tell: bool) -> None:
    beta = documents.boolean(
        prerequisites=[{"flag": "new-checkout", "variation": "on"}],
        rules=[documents.rule({"segment": "testers"})],
    )
    server.flags["beta"] = beta
    server.segments["testers"] = {"included": ["bob"]}
    client = connect()
    changes: list[Change] = []
    client.on_change(changes.append, "beta", "missing")
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: [change.revision for change in changes] == [2])
    server.publish(segments={"testers": {"included": ["alice"]}}, tell=tell)
    if not tell:  # it arrives as a whole snapshot
        server.deltas.clear()
        server.cut()
    eventually(lambda: [change.revision for change in changes] == [2, 3])


def test_states_are_heard(connect: Connect, server: Server) -> None:
    client = connect(start_timeout=0, lazy=True)
    heard: list[Status] = []
    leave = client.on_status(heard.append)
    client.start()
    eventually(lambda: bool(heard) and heard[-1].state is State.STREAMING)
    assert heard[0].ready
    server.stop()
    eventually(lambda: heard[-1].state is State.RECONNECTING)
    server.start()
    eventually(lambda: heard[-1].state is State.STREAMING)
    leave()
    before = len(heard)
    client.close()
    assert len(heard) == before


def test_a_listener_that_raises_stops_nothing(
    connect: Connect, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.on_change(lambda _: 1 / 0)
    client.on_status(lambda _: 1 / 0)
    server.publish({"new-checkout": documents.boolean(on=False)})
    server.cut()
    server.publish({"banner-text": documents.text("Bye")}, tell=False)
    eventually(lambda: client.evaluate("banner-text", ALICE) == "Bye")
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_may_close_the_client(connect: Connect, server: Server) -> None:
    client = connect()
    client.on_change(lambda _: client.close())
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: client.status().state is State.CLOSED)
    eventually(lambda: server.streams == 0)
