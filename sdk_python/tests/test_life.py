"""Starting, waiting, closing."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from flagsite_sdk import FlagClient, State
from flagsite_sdk.updates import Updates

from sdk_python.tests import documents
from sdk_python.tests import server as sdk_server
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import KEY, Server


def threads() -> list[str]:
    return sorted(each.name for each in threading.enumerate() if each.name.startswith("flagsite-"))


def test_two_daemon_threads_run_while_a_client_is_open(connect: Connect) -> None:
    client = connect()
    assert threads() == ["flagsite-minutes", "flagsite-reports", "flagsite-updates"]
    assert all(each.daemon for each in threading.enumerate() if each.name.startswith("flagsite-"))
    client.close()
    assert threads() == []


def test_a_client_is_a_context_manager(connect: Connect) -> None:
    with connect() as client:
        assert client.status().state is State.STREAMING
    assert client.status().state is State.CLOSED


def test_closing_twice_is_closing_once(connect: Connect) -> None:
    client = connect()
    client.close()
    client.close()
    client.start()  # and it stays closed
    assert threads() == []
    assert client.flush() is False


def test_the_constructor_waits_no_longer_than_it_was_told(connect: Connect, server: Server) -> None:
    server.first_frame = lambda _: None  # a server that says nothing
    began = time.monotonic()
    client = connect(start_timeout=0.05)
    assert time.monotonic() - began < 1
    assert client.status().state is State.STARTING
    assert not client.wait_until_ready(0.01)


def test_the_constructor_does_not_wait_for_a_dead_server_when_it_holds_something(server: Server) -> None:
    server.stop()
    began = time.monotonic()
    client = FlagClient(server.url, KEY, start_timeout=30, bootstrap={"flags": {}}, close_timeout=0.1)
    assert time.monotonic() - began < 5
    client.close()


def test_a_lazy_client_starts_with_its_first_read(connect: Connect, server: Server) -> None:
    client = connect(lazy=True)
    assert threads() == []
    assert client.status().state is State.STARTING
    client.is_enabled("new-checkout", ALICE)
    assert client.wait_until_ready(5)
    assert client.is_enabled("new-checkout", ALICE)
    assert len(server.streams_opened) == 1


@pytest.mark.parametrize("wake", ["start", "wait_until_ready", "evaluate_all", "track"])
def test_a_lazy_client_starts_when_it_is_used(connect: Connect, wake: str) -> None:
    client = connect(lazy=True)
    arguments = {"evaluate_all": (ALICE,), "track": ("purchase", ALICE)}.get(wake, ())
    getattr(client, wake)(*arguments)
    assert threads() == ["flagsite-minutes", "flagsite-reports", "flagsite-updates"]


def test_a_lazy_client_that_was_never_used_closes(connect: Connect) -> None:
    client = connect(lazy=True)
    client.close()
    assert client.is_enabled("new-checkout", ALICE) is False
    assert threads() == []


def test_close_interrupts_a_handshake(connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(Server, "_serve_stream", lambda *_: hanging.wait(10))
    client = connect(start_timeout=0, connect_timeout=10)
    eventually(lambda: client._background is not None and client._background._stream._connection is not None)
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 0.9
    hanging.set()


def test_close_wakes_a_client_that_waits_to_reconnect(connect: Connect, server: Server) -> None:
    server.stop()
    client = connect(start_timeout=0, backoff_base=60, backoff_cap=60)
    eventually(lambda: client.status().state is State.RECONNECTING)
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 0.9
    assert threads() == []


def test_a_mistake_of_ours_does_not_end_the_updates(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Updates.run, iter([1])

    def run(self: Updates) -> None:
        if next(calls, None):
            raise ZeroDivisionError
        real(self)

    monkeypatch.setattr(Updates, "run", run)
    client = connect(start_timeout=0)
    eventually(lambda: client.status().state is State.STREAMING)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: client.status().revision == 2)


def test_a_system_without_threads_leaves_reads_alone(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as for_now:  # closing the client reports, to a server that needs threads
        for_now.setattr(threading.Thread, "start", none_left)
        client = connect(start_timeout=0, bootstrap={"flags": {"new-checkout": documents.boolean()}})
        assert client.is_enabled("new-checkout", ALICE)
    assert "threads cannot be started" in caplog.text
    assert "can't start new thread" in (client.status().error or "")


def test_a_program_that_forgets_to_close_ends_and_reports(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from flagsite_sdk import FlagClient\n"
        f"client = FlagClient({server.url!r}, {KEY!r})\n"
        "client.is_enabled('new-checkout', {'id': 'alice'})\n"
    )
    subprocess.run([sys.executable, "-W", "error", str(program)], check=True, timeout=20)
    assert server.counts() == {("new-checkout", "on", "FALLTHROUGH"): 1}


@pytest.mark.parametrize("ending", ["close", "flush"])
def test_nobody_waits_for_an_answer_that_never_ends(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """A server that sends a byte now and then keeps every single read within its timeout."""
    over = threading.Event()

    def drip(handler: Any) -> None:
        handler.send_response(202)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not over.wait(0.02):
            handler.wfile.write(b" ")

    monkeypatch.setattr("sdk_python.tests.server._Handler.do_POST", drip)
    client = connect(close_timeout=0.1)
    client.is_enabled("new-checkout", ALICE)
    waiting = threading.Thread(target={"close": client.close, "flush": lambda: client.flush(0.1)}[ending])
    waiting.start()
    try:
        eventually(lambda: not waiting.is_alive())
    finally:
        over.set()
        waiting.join()


@pytest.mark.parametrize("settings", [{"report": False}, {"report": False, "stream": False}])
def test_who_reports_nothing_has_nothing_to_flush(connect: Connect, settings: dict[str, Any]) -> None:
    client, answers = connect(**settings), list[bool]()
    threading.Thread(target=lambda: answers.append(client.flush(600)), daemon=True).start()
    eventually(lambda: answers == [False])


def test_a_listener_that_flushes_holds_up_nothing(connect: Connect, server: Server) -> None:
    """It is called by the thread that would have to send."""
    client, answers = connect(flush_interval=0.05), list[bool]()
    client.on_measurement(lambda _: answers.append(client.flush(600)))
    client.is_enabled("new-checkout", ALICE)
    eventually(lambda: answers[:1] == [False])
    eventually(lambda: server.counts() == {("new-checkout", "on", "FALLTHROUGH"): 1})


def test_who_flushes_while_the_client_closes_has_an_answer(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer = threading.Event()
    real = sdk_server._Handler.do_POST
    monkeypatch.setattr(sdk_server._Handler, "do_POST", lambda handler: may_answer.wait(10) and real(handler))
    client, answers = connect(flush_interval=0.05, close_timeout=10.0), list[bool]()
    client.is_enabled("new-checkout", ALICE)
    flushing = threading.Thread(target=lambda: answers.append(client.flush(600)), daemon=True)
    flushing.start()
    closing = threading.Thread(target=client.close)
    closing.start()
    may_answer.set()
    closing.join()
    eventually(lambda: len(answers) == 1)


@pytest.mark.parametrize("settings", [{"offline": True}, {"lazy": True}])
def test_nobody_waits_for_what_cannot_come(server: Server, settings: dict[str, Any]) -> None:
    """An offline client without anything to decide by, and one whose key is refused."""
    client = FlagClient(server.url, "fs_srv_another_key", close_timeout=1, **settings)
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(client.wait_until_ready(600)), daemon=True)
    waiting.start()
    eventually(lambda: answers == [False])
    client.close()


def test_a_listener_to_measurements_may_close_the_client(connect: Connect, server: Server) -> None:
    """It is called by the thread that makes the last report."""
    client = connect(flush_interval=0.05)
    client.on_measurement(lambda _: client.close())
    client.is_enabled("new-checkout", ALICE)
    eventually(lambda: client.status().state is State.CLOSED)
    eventually(lambda: threads() == [])
    assert server.counts() == {("new-checkout", "on", "FALLTHROUGH"): 1}
