"""Whatever is killed or restarted, SDKs keep deciding by what they hold and end up at the last revision."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from flagsite_sdk import FlagClient

from tests.ports import eventually
from tests.processes.handshake import knock
from tests.processes.site import ROOT, Process, Site, patch, sees

ANN = {"id": "ann"}


def impatient(site: Site, stream: Process) -> FlagClient:
    """Return a client that tries again soon."""
    return FlagClient(stream.url, site.server_key, report=False, backoff_base=0.05, backoff_cap=0.2)


@pytest.fixture
def client(site: Site, stream: Process) -> Iterator[FlagClient]:
    with impatient(site, stream) as client:
        eventually(lambda: client.status().state == "streaming")
        yield client


def test_while_the_server_is_down_flags_stay_as_they_were_and_then_catch_up(
    site: Site, web: Process, stream: Process, client: FlagClient
) -> None:
    stream.kill()
    with site.api(web) as api:
        patch(api, "flag-0000", enabled=False)
        patch(api, "flag-0001", enabled=False)
    eventually(lambda: client.status().state != "streaming")
    assert client.is_enabled("flag-0000", ANN) is True
    stream.start()
    sees(lambda: client.is_enabled("flag-0000", ANN), False)
    assert client.is_enabled("flag-0001", ANN) is False


def test_a_server_that_stops_gracefully_is_found_again(site: Site, stream: Process, client: FlagClient) -> None:
    stream.end(signal.SIGTERM)
    stream.start()
    with site.api(stream) as api:
        patch(api, "flag-0000", enabled=True)
    sees(lambda: client.is_enabled("flag-0000", ANN), True)


def test_without_redis_a_change_is_kept_and_only_becomes_late(
    site: Site, web: Process, stream: Process, client: FlagClient
) -> None:
    site.redis.kill()
    with site.api(web) as api:
        patch(api, "flag-0002", enabled=False)
        sees(lambda: client.is_enabled("flag-0002", ANN), False, within=5)
        site.redis.start()
        patch(api, "flag-0002", enabled=True)
        sees(lambda: client.is_enabled("flag-0002", ANN), True, within=5)


def test_notifications_flow_again_after_redis_was_restarted(
    site: Site, web: Process, stream: Process, client: FlagClient
) -> None:
    site.redis.kill()
    site.redis.start()
    with site.api(web) as api:
        for enabled in (False, True, False, True):
            patch(api, "flag-0003", enabled=enabled)
            sees(lambda: client.is_enabled("flag-0003", ANN), enabled, within=5)


def test_a_change_whose_publisher_was_killed_before_it_could_tell_is_found(site: Site, client: FlagClient) -> None:
    command = [sys.executable, "-m", "tests.processes.killed_publisher", "flag-0004"]
    killed = subprocess.run(command, env=site.environment, cwd=ROOT, check=False, timeout=30)
    assert killed.returncode == -signal.SIGKILL
    sees(lambda: client.is_enabled("flag-0004", ANN), False, within=5)


def test_a_revoked_key_loses_its_stream_and_keeps_its_last_rules(site: Site, stream: Process) -> None:
    with impatient(site, stream) as client:
        eventually(lambda: client.status().state == "streaming")
        before = client.is_enabled("flag-0003", ANN)
        key_id = site.server_key.split("_")[2]
        site.run("manage.py", "revoke_key", key_id)
        try:
            eventually(lambda: client.status().state == "unauthorized", within=10)
            assert client.is_enabled("flag-0003", ANN) is before
        finally:
            site.server_key = site.run("manage.py", "issue_server_key", "shop", "production").strip()


def test_a_client_that_answers_no_ping_is_dropped(site: Site) -> None:
    strict = site.stream("--ws-ping-interval", "0.5", "--ws-ping-timeout", "0.5")
    with knock(strict, site.server_key) as deaf:
        assert deaf.recv(4096).startswith(b"HTTP/1.1 101")

        def is_cut() -> bool:
            try:
                return deaf.recv(65536) == b""
            except ConnectionResetError:
                return True

        deaf.settimeout(10)
        eventually(is_cut, within=10)
