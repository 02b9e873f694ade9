"""`python -m tests.benchmarks.server.profiling`: where a stream process spends its time on a fan-out, by function.

The same changes as `fanning_out`, to 1,000 sockets, with cProfile running in the server between two signals. It shows
shares; what a socket costs, `fanning_out` measures without it.
"""

import cProfile
import os
import pstats
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests import services
from tests.benchmarks.server.bare_clients import Clients
from tests.benchmarks.server.fanning_out import allow_many_sockets, publishing, send_one_change
from tests.benchmarks.server.installation import installation
from tests.ports import eventually

CONNECTIONS: Final = 1_000
CHANGES: Final = 50
_SHOWN: Final = 12


def main() -> None:
    """Change a flag again and again, and print what the server did meanwhile."""
    services.start(without=())
    allow_many_sockets()
    with (
        tempfile.TemporaryDirectory() as directory,
        installation(flags=1_000, STREAM_HEARTBEAT_SECONDS="600") as site,
        publishing(site) as publisher,
    ):
        written = Path(directory) / "profile"
        stream = site.program(__spec__.name, str(written))
        clients = Clients(stream, site.server_key)
        try:
            clients.connect(CONNECTIONS)
            send_one_change(clients, publisher)
            os.kill(stream.pid, signal.SIGUSR1)
            for _ in range(CHANGES):
                send_one_change(clients, publisher)
            os.kill(stream.pid, signal.SIGUSR2)
            eventually(written.exists, within=30)
        finally:
            clients.close()
        profile = pstats.Stats(str(written))
        sys.stdout.write(f"{CHANGES:,} changes to {CONNECTIONS:,} sockets\n")
        profile.sort_stats("tottime").print_stats(_SHOWN)


def serve(written: str, port: str) -> None:
    """Be a stream process, as `flagsite.serve` starts it, that profiles itself."""
    import uvicorn

    from flagsite.serve import stream

    profile = cProfile.Profile()

    def end(*_: object) -> None:
        profile.disable()
        profile.dump_stats(f"{written}.part")
        Path(f"{written}.part").rename(written)

    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGUSR2, end)
    sys.argv[1:] = stream(host="127.0.0.1", port=int(port), workers=1)[1:]
    uvicorn.main()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        serve(*sys.argv[1:])
