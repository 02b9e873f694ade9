"""What a backup is, and what is refused when one is brought back; one of an installation at work is in processes/."""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from accounts.credentials import Credential
from accounts.models import Project
from accounts.services import create_project, issue_server_key
from flags.services import open_environment
from flagsite.backups import archive, backing_up
from flagsite.backups.manifest import Manifest, Migration
from flagsite.backups.tools import directory_of_tools
from flagsite.lib import clock
from tests.conftest import SYSTEM
from tests.databases import named, template, with_postgresql_tools
from tests.ports import free_port

SERVER = os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", with_postgresql_tools())


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """An installation's database of a test's own, migrated, with nothing in it; Django's connection leads there."""
    name, before = f"backup_{os.getpid()}_{free_port()}", connection.settings_dict["NAME"]
    with psycopg.connect(SERVER, autocommit=True) as server, django_db_blocker.unblock():
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template(SERVER)}"'.encode())
        _lead_to(name)
        yield named(SERVER, name)
        _lead_to(before)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _lead_to(name: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()  # a database that a test emptied has numbered its own anew


@pytest.fixture
def credential(database: str) -> Credential:
    """Something to lose, and a key of it."""
    project = create_project(key="shop", name="Precious", by=SYSTEM)
    environment = open_environment(project=project, key="production", name="Production", by=SYSTEM)
    return issue_server_key(environment=environment, name="SDK", by=SYSTEM)[1]


@pytest.fixture
def backup(credential: Credential, tmp_path: Path) -> Path:
    """A backup of it."""
    call_command("backup", str(tmp_path / "flagsite.backup"))
    return tmp_path / "flagsite.backup"


def restore(file: Path, *options: str) -> None:
    call_command("restore", str(file), *options)


def fitting_tools() -> Path:
    return directory_of_tools(int(connection.connection.info.server_version) // 10_000)


def names() -> list[str]:
    return list(Project.objects.values_list("name", flat=True))


def test_what_was_backed_up_comes_back(backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Project.objects.update(name="Lost")
    restore(backup, "--replace")
    assert names() == ["Precious"]
    assert "shop/production: whole, revision 1" in capsys.readouterr().out


def test_it_is_its_owner_s_alone_and_is_never_written_over(backup: Path) -> None:
    content = backup.read_bytes()
    assert backup.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(backup))
    assert backup.read_bytes() == content
    assert list(backup.parent.iterdir()) == [backup]


def test_a_dump_that_fails_leaves_no_file_behind(tmp_path: Path) -> None:
    def dump(sink: archive.Sink) -> None:
        sink.write(b"half")
        raise CommandError("pg_dump failed")

    with pytest.raises(CommandError):
        archive.write(tmp_path / "file", manifest(), dump)
    assert list(tmp_path.iterdir()) == []


def test_no_key_that_opens_anything_is_in_it(backup: Path, credential: Credential, tmp_path: Path) -> None:
    with archive.data_of(backup) as data:
        (tmp_path / "dump").write_bytes(data.read())
    command = [str(fitting_tools() / "pg_restore"), "--file=-", str(tmp_path / "dump")]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert credential.digest in written
    assert credential.secret not in written


def test_tar_gives_the_dump_to_whoever_does_without_us(backup: Path) -> None:
    with tarfile.open(backup) as tar:
        assert tar.getnames() == ["database.dump", "manifest.json"]
        dump = tar.extractfile("database.dump")
        assert dump is not None
        assert dump.read(5) == b"PGDMP"


@pytest.mark.parametrize("how", ["flipped", "cut off", "another file", "empty", "not there"])
def test_one_that_was_damaged_is_refused(tmp_path: Path, how: str) -> None:
    whole = tmp_path / "whole"
    archive.write(whole, manifest(), lambda sink: sink.write(b"data" * 10_000))
    content = whole.read_bytes()
    flipped = content[:20_000] + bytes([content[20_000] ^ 1]) + content[20_001:]
    damaged = {"flipped": flipped, "cut off": content[:30_000], "another file": b"hello", "empty": b""}
    if how in damaged:
        (tmp_path / how).write_bytes(damaged[how])
    assert backing_up.look_at(whole).size == 40_000
    with pytest.raises(CommandError, match=how):
        restore(tmp_path / how, "--check")


def test_what_a_database_holds_is_lost_only_when_that_is_said(backup: Path, database: str) -> None:
    Project.objects.update(name="New")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE flags_of_later (flag_id bigint REFERENCES flags_flag (id))")
    with pytest.raises(CommandError, match=r"holds data \(in accounts_environment\).*--replace"):
        restore(backup)
    assert names() == ["New"]
    restore(backup, "--replace")
    assert names() == ["Precious"]


def test_a_schema_without_data_is_filled_without_asking(backup: Path, database: str) -> None:
    call_command("flush", interactive=False, verbosity=0)
    restore(backup)
    assert names() == ["Precious"]


def test_one_that_fails_half_way_has_changed_nothing(backup: Path, tmp_path: Path, monkeypatch: Any) -> None:
    tools = fitting_tools()
    Project.objects.update(name="New")
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    for name in ("pg_dump", "psql"):
        (fakes / name).symlink_to(tools / name)
    (fakes / "pg_restore").write_text(f'#!/bin/sh\n"{tools}/pg_restore" "$@" | head -c 20000\necho no >&2\nexit 1\n')
    (fakes / "pg_restore").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fakes}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(CommandError, match=r"pg_restore failed: .*no"):
        restore(backup, "--replace")
    assert names() == ["New"]


def test_one_of_another_installation_s_history_is_found_out(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with archive.data_of(backup) as data:
        dumped = data.read()
    made = archive.read(backup)
    forged = replace(made, heads=tuple(replace(head, digest="0" * 64) for head in made.heads))
    archive.write(tmp_path / "forged", forged, lambda sink: sink.write(dumped))
    with pytest.raises(CommandError, match="history is not whole: shop/production: revision 1 is not the one"):
        restore(tmp_path / "forged", "--replace")


def test_one_of_a_newer_version_or_another_engine_is_refused(backup: Path, tmp_path: Path) -> None:
    made = archive.read(backup)
    newer = replace(made, migrations=made.migrations | {Migration("flags", "9001_later")})
    for name, other, words in (
        ("newer", newer, "newer version of Flagsite, with flags.9001_later"),
        ("sqlite", replace(made, engine="sqlite"), "is of sqlite, and this installation is on postgresql"),
    ):
        archive.write(tmp_path / name, other, lambda sink: sink.write(b""))
        with pytest.raises(CommandError, match=words):
            restore(tmp_path / name, "--replace")


def test_one_of_an_older_version_is_brought_up(
    credential: Credential, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("migrate", "rollouts", _second_but_last("rollouts"), verbosity=0)
    call_command("backup", str(tmp_path / "older"))
    restore(tmp_path / "older", "--replace")
    assert "has been migrated" in capsys.readouterr().out
    assert names() == ["Precious"]
    call_command("migrate", "--check", verbosity=0)


def test_programs_that_are_older_than_the_server_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"/nowhere{os.pathsep}{tmp_path}")
    assert directory_of_tools(9) == tmp_path
    with pytest.raises(CommandError, match=rf"postgresql-client-99.*version 9 in {tmp_path}"):
        directory_of_tools(99)


def manifest() -> Manifest:
    return Manifest(clock.now(), "postgresql", "18.0", frozenset({Migration("flags", "0001_initial")}), ())


def _second_but_last(app: str) -> str:
    there = sorted(path.stem for path in Path(f"{app}/migrations").glob("0*.py"))
    return there[-2]
