"""A connection storm: a stream process is restarted, and 5,000 SDKs that hold nothing come at once.

What each is sent weighs about 200 kB on the wire: beside 1,000 flags with their rules, a segment of random ids, which
do not pack well. The clients are on the same machine.
"""

import gzip
import json
import uuid
from collections.abc import Iterator
from typing import Final

from tests.benchmarks.server.bare_clients import Clients, payload_of
from tests.benchmarks.server.fanning_out import allow_many_sockets, resident
from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import cpu_seconds, installation
from tests.processes.site import Process, Site

CONNECTIONS: Final = 5_000
ASKED_SECONDS: Final = 6
ASKED_MB: Final = 250
_IDS: Final = 9_500
"""So many random ids of 32 hexadecimal digits are about 180 kB as gzip."""


def measure(*, seconds: float) -> Iterator[Figure]:
    """Restart, let them come, and hold every snapshot that is sent to the one that it has to be."""
    del seconds  # it takes as long as it takes
    allow_many_sockets()
    with installation(flags=1_000) as site:
        stream = site.stream()
        _add_ids(site, stream)
        expected = _first_message(stream, site.server_key)
        stream.end()
        stream.start()
        began = cpu_seconds(stream)
        clients = Clients(stream, site.server_key, keeps=False, expected=expected)
        try:
            took = clients.connect(CONNECTIONS, within=120)
            used, held = cpu_seconds(stream) - began, _peak(stream)
        finally:
            clients.close()
    if clients.wrong:
        raise SystemExit(f"{clients.wrong} clients were told something else")
    what = f"{CONNECTIONS:,} SDKs come at once, each to {len(expected) / 1e3:,.0f} kB"
    yield Figure(f"{what}: until the last is served", took, "s", ASKED_SECONDS, at_least=False)
    yield Figure(f"{what}: memory of the process at its highest", held / 1e6, "MB", ASKED_MB, at_least=False)
    yield Figure(f"{what}: CPU of the process for each", used / CONNECTIONS * 1e3, "ms")
    yield Figure(f"{what}: refused with Retry-After and tried again", clients.refused, "")


def _add_ids(site: Site, stream: Process) -> None:
    with site.api(stream) as api:
        included = [uuid.uuid4().hex for _ in range(_IDS)]
        assert api.post("/segments", json={"key": "listed", "included": included}).status_code == 201


def _first_message(stream: Process, key: str) -> bytes:
    """Return what a client that holds nothing has to be sent, as it stands on the wire."""
    one = Clients(stream, key)
    try:
        one.connect(1)
        (client,) = one.all.values()
        assert "listed" in json.loads(gzip.decompress(payload_of(client.last)))["segments"]
        return client.last
    finally:
        one.close()


def _peak(stream: Process) -> int:
    """Return the most bytes that the process has held so far."""
    with open(f"/proc/{stream.pid}/status") as file:  # noqa: PTH123 - one line of it
        (line,) = (line for line in file if line.startswith("VmHWM:"))
    return max(int(line.split()[1]) * 1024, resident(stream))
