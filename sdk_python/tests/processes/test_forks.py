"""A child of ``os.fork`` serves, follows changes and counts by itself, and leaves the parent's connections alone."""

import os
import subprocess

import pytest

from sdk_python.tests import documents
from sdk_python.tests.conftest import eventually
from sdk_python.tests.forking import Run
from sdk_python.tests.server import Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

ON = ("new-checkout", "on", "FALLTHROUGH")


def finish(process: "subprocess.Popen[str]") -> None:
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said


def test_a_child_serves_at_once_and_follows_changes(run: Run, server: Server) -> None:
    process = run("""
        client = connect()

        def child():
            assert client.get_variation("new-checkout", ALICE)  # at once: the configuration came along
            eventually(lambda: client.status().state is State.STREAMING)
            eventually(lambda: not client.is_enabled("new-checkout", ALICE))

        assert ended(fork(child)) == 0
        eventually(lambda: not client.is_enabled("new-checkout", ALICE))
        assert client.status().state is State.STREAMING
        """)
    eventually(lambda: server.streams == 2, within=20)
    server.publish({"new-checkout": documents.boolean(on=False)})
    finish(process)
    assert server.streams_opened == [0, 1]  # the child asked for what came after; the parent's was not touched


def test_counts_are_reported_by_the_process_that_made_them(run: Run, server: Server) -> None:
    process = run("""
        client = connect()
        client.is_enabled("new-checkout", ALICE)
        client.evaluate("missing", ALICE)
        client.track("of-the-parent", ALICE)

        def child():
            for _ in range(10):
                client.is_enabled("new-checkout", ALICE)
            client.evaluate("missing", ALICE)
            client.track("of-the-child", ALICE)
            client.close()

        assert [ended(pid) for pid in [fork(child), fork(child)]] == [0, 0]
        client.close()
        """)
    finish(process)
    assert server.counts() == {ON: 21, ("missing", None, "ERROR"): 3}
    names = sorted(event["name"] for event in server.events())
    assert names == ["of-the-child", "of-the-child", "of-the-parent"]
    assert len({batch["sdk"]["instance"] for batch in server.batches}) == 3


def test_a_child_that_never_reads_opens_nothing(run: Run, server: Server) -> None:
    process = run("""
        client = connect()

        def child():
            assert client.status().ready
            assert not threads()

        assert ended(fork(child)) == 0
        """)
    finish(process)
    assert server.streams_opened == [0]


def test_a_child_may_start_before_its_first_read(run: Run, server: Server) -> None:
    finish(
        run("""
        client = connect()

        def child():
            client.start()
            eventually(lambda: client.status().state is State.STREAMING)

        assert ended(fork(child)) == 0
        """)
    )
    assert server.streams_opened == [0, 1]


def test_a_client_that_was_closed_stays_closed(run: Run, server: Server) -> None:
    process = run("""
        client = connect()
        client.close()

        def child():
            assert client.is_enabled("new-checkout", ALICE)
            client.start()
            assert not client.flush()
            assert not threads()

        assert ended(fork(child)) == 0
        """)
    finish(process)
    assert server.streams_opened == [0]


def test_a_child_leaves_its_parents_records_to_the_parent(run: Run, server: Server) -> None:
    process = run("""
        client = connect(record_evaluations=1)
        client.evaluate("new-checkout", {"id": "parent"})

        def child():
            client.evaluate("new-checkout", {"id": "child"})
            assert client.flush()

        assert ended(fork(child)) == 0
        client.close()
        """)
    assert process.wait(30) == 0
    batches = [[record["context_id"] for record in batch.get("evaluations", [])] for batch in server.batches]
    assert sorted(each for each in batches if each) == [["child"], ["parent"]]


def test_a_fork_in_the_middle_of_everything_leaves_no_lock_behind(run: Run, server: Server) -> None:
    """Deltas are applied, flags compiled and counts taken while the process is copied, time and again."""
    server.flags = {f"flag-{number}": documents.split() for number in range(100)}
    process = run("""
        client = connect()
        stop = threading.Event()

        def work():
            while not stop.is_set():
                for number in range(100):
                    client.evaluate(f"flag-{number}", ALICE)

        def count():
            while not stop.is_set():
                client.flush()

        def child():
            for number in range(100):
                assert client.evaluate_detail(f"flag-{number}", ALICE).error_code is None
            client._configuration.to_json()
            assert client._configuration.take_counts()

        others = [threading.Thread(target=each) for each in (work, work, count)]
        for thread in others:
            thread.start()
        for _ in range(8):
            assert ended(fork(child)) == 0
        stop.set()
        for thread in others:
            thread.join()
        client.close()
        """)
    while process.poll() is None:
        server.publish({f"flag-{number}": documents.split() for number in range(0, 100, 7)})
    finish(process)


def test_a_fork_while_our_threads_import_leaves_no_module_half_imported(run: Run, server: Server) -> None:
    """The stream's library is imported by the first stream's thread, the reports' by the first report's."""
    process = run("""
        client = connect(start_timeout=0)

        def child():
            assert client.wait_until_ready(15)
            assert client.is_enabled("new-checkout", ALICE)
            assert client.flush(timeout=15)

        pids = [fork(child)]
        client.is_enabled("new-checkout", ALICE)
        thread = threading.Thread(target=client.flush)
        thread.start()
        pids += [fork(child)]
        thread.join()
        assert [ended(pid) for pid in pids] == [0, 0]
        """)
    finish(process)
    assert server.counts()[ON] >= 2


def test_a_grandchild_is_a_child(run: Run, server: Server) -> None:
    process = run("""
        client = connect()

        def grandchild():
            assert client.is_enabled("new-checkout", ALICE)
            assert client.flush()

        def child():
            client.is_enabled("new-checkout", ALICE)
            assert client.flush()
            assert ended(fork(grandchild)) == 0

        assert ended(fork(child)) == 0
        """)
    finish(process)
    assert server.counts() == {ON: 2}


def test_a_pre_fork_server_with_a_lazy_client(run: Run, server: Server) -> None:
    """As gunicorn does with preload: made in the master, used in the workers, which end as programs do."""
    process = run("""
        client = connect(lazy=True)
        assert threading.active_count() == 1
        workers = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                client.start()
                assert client.wait_until_ready(10)
                assert client.is_enabled("new-checkout", ALICE)
                sys.exit(0)
            workers.append(pid)
        assert [ended(pid) for pid in workers] == [0, 0, 0]
        assert threading.active_count() == 1
        """)
    finish(process)
    assert server.streams_opened == [0, 0, 0]
    assert server.counts() == {ON: 3}


def test_a_fork_costs_a_read_nothing(run: Run) -> None:
    """After the first read the table is the engine's own again."""
    run("""
        client = connect()

        def child():
            assert client._table is not client._configuration.table
            client.is_enabled("new-checkout", ALICE)
            assert client._table is client._configuration.table

        assert ended(fork(child)) == 0
        """)


def test_the_parent_s_sockets_are_closed_in_the_child(run: Run) -> None:
    run("""
        client = connect()
        socket = client._background._stream._connection.socket

        def child():
            assert socket.fileno() == -1

        assert socket.fileno() != -1
        assert ended(fork(child)) == 0
        assert socket.fileno() != -1
        """)
