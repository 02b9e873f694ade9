"""What a stream process costs for each SDK that is connected: `make bench-connections`, on real PostgreSQL and Redis.

Clients are bare sockets on the same machine, so that what is measured is the server's process alone: its CPU while they
come, its memory while they are there, its CPU for each heartbeat while nothing changes. Linux only: it reads /proc.
"""

import argparse
import asyncio
import os
import resource
import tempfile
from pathlib import Path

from tests import services
from tests.processes.site import Process, Site

AT_ONCE = 50
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu(process: Process) -> float:
    """Seconds of CPU that it has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(process: Process) -> int:
    """Bytes that it holds."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE


class Clients:
    """Sockets that read whatever comes."""

    def __init__(self, site: Site, stream: Process) -> None:
        self.messages = 0
        self._url = stream.url.replace("http", "ws") + "/sdk/stream?since=0"
        self._headers = {"Authorization": f"Bearer {site.server_key}"}
        self._door = asyncio.Semaphore(AT_ONCE)
        self._reading: list[asyncio.Task[None]] = []

    async def connect(self, number: int) -> None:
        """Return when so many more hold a snapshot."""
        await asyncio.gather(*(self._one() for _ in range(number)))

    async def _one(self) -> None:
        from websockets.asyncio.client import connect

        async with self._door:
            socket = await connect(
                self._url, additional_headers=self._headers, compression=None, open_timeout=60, ping_interval=None
            )
            await socket.recv()

        async def read() -> None:
            async for _ in socket:
                self.messages += 1

        self._reading.append(asyncio.create_task(read()))


async def measure(site: Site, stream: Process, *, number: int, seconds: float) -> None:
    """Say what so many connections cost."""
    clients = Clients(site, stream)
    await clients.connect(10)  # what is built for the first is not theirs
    await asyncio.sleep(2)
    held, used = memory(stream), cpu(stream)
    await clients.connect(number)
    came = cpu(stream) - used
    await asyncio.sleep(2)
    grown = memory(stream) - held
    used, heard = cpu(stream), clients.messages
    await asyncio.sleep(seconds)
    idle, heard = cpu(stream) - used, clients.messages - heard
    print(  # noqa: T201 - what it is for
        f"{number} connections: {came / number * 1e3:.2f} ms of CPU and {grown / number / 1024:.1f} KiB each, "
        f"beside {held / 1e6:.0f} MB of the process; "
        f"{heard} heartbeats in {seconds:.0f} s: {idle / heard * 1e3:.3f} ms of CPU each"
    )


def main() -> None:
    """Start an installation, connect, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--flags", type=int, default=1000, help="flags of the environment (1000)")
    parser.add_argument("--seconds", type=float, default=60, help="for which they stay (60)")
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server's process inherits it
    services.start()
    with tempfile.TemporaryDirectory() as directory:
        site = Site(Path(directory), flags=asked.flags)
        try:
            site.environment["STREAM_HEARTBEAT_SECONDS"] = "10"
            asyncio.run(measure(site, site.stream(), number=asked.connections, seconds=asked.seconds))
        finally:
            site.close()


if __name__ == "__main__":
    main()
