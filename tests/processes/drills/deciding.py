"""Run as a program: a service with an SDK, which decides until it is told to stop (SIGTERM).

Arguments: Flagsite's address and a server key. Prints a line of JSON again and again: how often it decided, what went
wrong, and its revision; the last one when everything is reported.
"""

import json
import signal
import sys
import threading
from typing import Any

from tests.processes.drills.people import Decider


def main() -> None:
    url, key = sys.argv[1:]
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    decider = Decider(url, key)
    decider.start()
    while not told.wait(0.1):
        _say(decider, reported=False)
    decider.stopping.set()
    decider.join()
    _say(decider, reported=decider.client.flush(timeout=20))
    decider.end()


def _say(decider: Decider, *, reported: bool) -> None:
    status = decider.client.status()
    facts: dict[str, Any] = {
        "decided": decider.decided,
        "problems": decider.problems,
        "revision": status.revision,
        "dropped": status.dropped_counts,
        "reported": reported,
    }
    print(json.dumps(facts), flush=True)  # noqa: T201 - read by the drill


if __name__ == "__main__":
    main()
