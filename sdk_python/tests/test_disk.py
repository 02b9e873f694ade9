"""A restart while the server is away serves what was last known; a bad file is no file."""

import errno
import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from flagsite_sdk import Source, State
from flagsite_sdk.disk import SnapshotFile

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server

OURS = "fs_srv_abc_0123456789"
SNAPSHOT = b'{"revision":3,"flags":{},"segments":{}}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


def file_at(path: Path, server: str = "http://flags.test", key_id: str = "abc", secret: str = OURS) -> SnapshotFile:
    return SnapshotFile(path, server=server, key_id=key_id, secret=secret)


def test_a_restart_without_server_serves_the_last_known_rules(connect: Connect, server: Server, path: Path) -> None:
    with connect(cache_path=path):
        pass
    server.stop()
    client = connect(cache_path=path)
    assert (client.status().ready, client.status().source) == (True, Source.DISK)
    assert client.is_enabled("new-checkout", ALICE)


def test_what_is_on_disk_is_brought_up_to_date_by_what_was_missed(connect: Connect, server: Server, path: Path) -> None:
    connect(cache_path=path).close()
    server.publish({"new-checkout": documents.boolean(on=False)})
    client = connect(cache_path=path)
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    assert server.streams_opened == [0, 1]


def test_changes_are_written_while_the_client_lives(connect: Connect, server: Server, path: Path) -> None:
    connect(cache_path=path, cache_interval=0.01)
    eventually(path.exists)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: json.loads(path.read_bytes())["snapshot"]["revision"] == 2)


def test_nothing_is_written_when_nothing_changed(connect: Connect, path: Path) -> None:
    connect(cache_path=path).close()
    before = path.stat().st_mtime_ns
    connect(cache_path=path).close()
    assert path.stat().st_mtime_ns == before


def test_a_bootstrap_is_not_written_as_if_it_were_the_server_s(connect: Connect, server: Server, path: Path) -> None:
    server.stop()
    connect(cache_path=path, bootstrap={"flags": {}}).close()
    assert not path.exists()


def test_the_file_is_its_owner_s_alone_and_holds_no_secret(connect: Connect, server: Server, path: Path) -> None:
    connect(cache_path=path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert server.key.encode() not in path.read_bytes()
    assert [entry.name for entry in path.parent.iterdir()] == ["flags.json"]


def test_what_is_saved_is_loaded(path: Path) -> None:
    assert file_at(path).save(SNAPSHOT)
    assert file_at(path).load() == SNAPSHOT


@pytest.mark.parametrize("other", [{"server": "http://other.test"}, {"key_id": "xyz"}])
def test_another_server_s_or_environment_s_file_is_never_served(path: Path, other: dict[str, str]) -> None:
    file_at(path).save(SNAPSHOT)
    assert file_at(path, **other).load() is None


def test_a_file_that_somebody_without_the_key_wrote_is_never_served(
    connect: Connect, server: Server, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connect(cache_path=path).close()
    document = json.loads(path.read_bytes())
    poison = json.dumps(document["snapshot"]).replace("new-checkout", "not-a-flag").encode()
    assert file_at(path, server=document["server"], key_id=document["key"], secret="guessed").save(poison)
    client = connect(cache_path=path)
    assert client.is_enabled("new-checkout", ALICE)
    assert server.streams_opened == [0, 0]  # it asks for everything
    assert "was not written with our key" in caplog.text


def test_no_file_is_no_snapshot(path: Path) -> None:
    assert file_at(path).load() is None


def damage(content: bytes) -> list[bytes]:
    document = json.loads(content)
    return [
        b"",
        content[: len(content) // 2],
        content.replace(b'"revision":3', b'"revision":4'),
        b"\x00" * 100,
        b"[]",
        json.dumps({**document, "format": 3}).encode(),
        json.dumps({key: value for key, value in document.items() if key != "seal"}).encode(),
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_damaged_file_is_ignored_with_a_line_in_the_log(
    path: Path, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    file_at(path).save(SNAPSHOT)
    path.write_bytes(damage(path.read_bytes())[number])
    assert file_at(path).load() is None
    assert len(caplog.records) == 1


def test_a_good_file_with_a_bad_snapshot_is_ignored(connect: Connect, server: Server, path: Path) -> None:
    file_at(path, server=server.url, key_id="test1", secret=server.key).save(b'{"flags": 5}')
    server.stop()
    assert connect(cache_path=path, start_timeout=0).status().ready is False


def test_a_folder_where_the_file_should_be_hurts_nobody(connect: Connect, path: Path) -> None:
    path.mkdir()
    client = connect(cache_path=path)
    client.close()
    assert client.status().ready


@pytest.mark.parametrize("failing", ["fsync", "write"])
def test_a_full_disk_leaves_the_old_file_and_no_litter(
    path: Path, failing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file_at(path).save(SNAPSHOT)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    file = file_at(path)
    assert not file.save(b'{"revision":9}')
    assert not file.save(b'{"revision":9}')
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["flags.json"]
    assert len(caplog.records) == 1  # said once a minute


def test_a_full_disk_never_hurts_the_client(
    connect: Connect, server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    client = connect(cache_path=path, cache_interval=0.01)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    client.close()
    assert not path.exists()


def test_the_newer_of_disk_and_bootstrap_is_the_disk(
    connect: Connect, server: Server, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connect(cache_path=path).close()
    server.stop()
    with caplog.at_level(logging.ERROR):
        client = connect(cache_path=path, bootstrap={"revision": 99, "flags": {}})
    assert client.status().source is Source.DISK
    assert client.is_enabled("new-checkout", ALICE)
    assert client.status().state in {State.STARTING, State.RECONNECTING}
