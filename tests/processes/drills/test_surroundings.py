"""What is around an installation goes wrong: the network, clients that never read, the disk of an SDK's cache."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flagsite_sdk import FlagClient

from tests.ports import eventually
from tests.processes.drills.network import Network
from tests.processes.drills.small_disk import SmallDisk, small_disk
from tests.processes.drills.work import PATIENCE, Work
from tests.processes.handshake import knock
from tests.processes.site import Process, Site, patch

FLAGS = 40
"""So that the cache is larger than a page of the small disk."""
DEAF, CHANGES, LARGE = 30, 40, 100_000
"""Clients that never read, changes that they are to be told of, and how many characters each has."""


@pytest.fixture
def network(stream: Process) -> Iterator[Network]:
    with Network(stream.port) as network:
        yield network


@pytest.fixture
def work(site: Site, network: Network) -> Iterator[Work]:
    """Everybody, on the far side of the network."""
    with Work(site, web=network.url, stream=network.url) as work:
        yield work


def test_streams_and_answers_are_cut_in_the_middle(work: Work, network: Network, stream: Process) -> None:
    for _ in range(10):
        network.cut_in_the_middle(3)
        eventually(lambda: not network.still_to_cut, within=PATIENCE, what="three connections are cut")
        eventually(lambda: all(each.is_streaming for each in work.deciders), within=PATIENCE, what="all stream again")
    work.all_is_well(stream.url)
    assert sum(each.lost for each in work.deciders), "no stream was cut"
    assert work.writer.failed or work.reader.failed, "only streams were cut"


def test_the_network_loses_everything_for_longer_than_a_heartbeat(
    work: Work, network: Network, stream: Process
) -> None:
    network.go_silent()
    eventually(lambda: not any(each.is_streaming for each in work.deciders), within=PATIENCE, what="the SDKs notice")
    network.heal()
    work.all_is_well(stream.url)


def test_every_piece_is_late(work: Work, network: Network, stream: Process) -> None:
    network.delay = 0.2
    work.goes_on(changes=10)
    network.delay = 0.0
    work.all_is_well(stream.url)
    assert (work.writer.failed, work.reader.failed) == (0, 0)


def test_clients_that_never_read_hold_up_nobody_and_fill_nothing(site: Site, stream: Process) -> None:
    with (
        Work(site, web=stream.url, stream=stream.url) as work,
        site.api(stream) as api,
        ExitStack() as deaf,
    ):
        variations = [{"key": key, "value": key} for key in ("one", "two")]
        new = {"key": "large", "type": "string", "enabled": True, "variations": variations}
        assert api.post("/flags", json=new).status_code == 201
        for _ in range(DEAF):
            deaf.enter_context(knock(stream, site.server_key))
        before = _resident(stream)
        for number in range(CHANGES):
            variations[0]["value"] = f"{number}" * (LARGE // 2)
            patch(api, "large", variations=variations)
        work.all_is_well(stream.url)
        assert _resident(stream) - before < DEAF * CHANGES * LARGE / 2, "what they do not read is not kept for them"


def _resident(process: Process) -> int:
    """Return how many bytes of memory a process has."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_the_disk_of_the_cache_is_full(
    site: Site, stream: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is on the disk stays whole, old as it is; when there is room again, it is brought up to date."""
    with small_disk(tmp_path / "disk") as disk:
        cache = disk.folder / "flags.json"

        def kept() -> int:
            with FlagClient(stream.url, site.server_key, offline=True, cache_path=cache) as client:
                assert client.status().ready
                return client.status().revision

        with Work(site, web=stream.url, stream=stream.url, deciders=1, cache_path=cache, cache_interval=0.1) as work:
            eventually(cache.is_file, within=PATIENCE)
            eventually(lambda: _is_too_full(disk, caplog), within=PATIENCE, what="the cache finds no room")
            old = kept()
            work.goes_on()
            assert (kept(), set(disk.folder.iterdir())) == (old, {disk.filling, cache}), "nothing half-written"
            disk.make_room()
            eventually(lambda: kept() > old, within=PATIENCE, what="the cache is written again")
            work.all_is_well(stream.url)
        assert kept() == work.deciders[0].client.status().revision


def _is_too_full(disk: SmallDisk, caplog: pytest.LogCaptureFixture) -> bool:
    """Fill it, again where the SDK has made room by putting a new file in the old one's place."""
    disk.fill(but=1)
    return "cannot be kept" in caplog.text
