"""Run as a program: a shop whose services ask Flagsite which check-out a user gets; the new one fails more often.

Arguments: Flagsite's address, a server key, the flag, the SDK's flush interval, and the port of the shop's own metrics.
Prints a line of JSON when it is ready, and another one when every service has seen that the new check-out is off again.
All moments are seconds since 1970.
"""

import json
import random
import sys
import threading
import time
from itertools import count

from flagsite_sdk import FlagClient
from prometheus_client import CollectorRegistry, Counter, start_http_server

SERVICES = 3
USERS_A_SECOND = 50
"""Of each service."""
FAILING = {True: 0.4, False: 0.05}
"""Which share of users fails, in the new check-out and in the old one."""

REGISTRY = CollectorRegistry()
LABELS = ("flag", "variation")
CHECKOUTS = Counter("shop_checkouts", "Users who checked out.", LABELS, registry=REGISTRY)
FAILURES = Counter("shop_failures", "Users whose check-out failed.", LABELS, registry=REGISTRY)


class Service(threading.Thread):
    """One process of the shop, so to speak: an SDK and the users that it decides for."""

    def __init__(self, number: int, client: FlagClient, flag: str) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._client = client
        self._flag = flag
        self._dice = random.Random(number)  # noqa: S311 - the same users fail every time
        self.harmed_at = float("inf")
        self.off_at = 0.0

    def run(self) -> None:
        """Serve users until one who was let in is not let in any more."""
        numbers, somebody_inside = count(1), None
        pause = threading.Event()
        while not pause.wait(1 / USERS_A_SECOND):
            if somebody_inside is not None and not self._is_let_in(somebody_inside):
                self.off_at = time.time()
                return
            user = f"user-{self._number}-{next(numbers)}"
            is_new = self._is_let_in(user)
            self._check_out(user, is_new)
            if is_new:
                somebody_inside = user

    def _is_let_in(self, user: str) -> bool:
        return self._client.is_enabled(self._flag, {"id": user})

    def _check_out(self, user: str, is_new: bool) -> None:
        variation = "on" if is_new else "off"
        self._client.track("checkout", {"id": user})
        CHECKOUTS.labels(self._flag, variation).inc()
        if self._dice.random() < FAILING[is_new]:
            if is_new:
                self.harmed_at = min(self.harmed_at, time.time())
            self._client.track("checkout-failed", {"id": user})
            FAILURES.labels(self._flag, variation).inc()


def main() -> None:
    """Open the shop, and close it when the harm is over."""
    url, key, flag, flush_interval, port = sys.argv[1:]
    for variation in ("on", "off"):
        CHECKOUTS.labels(flag, variation)
        FAILURES.labels(flag, variation)
    clients = [FlagClient(url, key, flush_interval=float(flush_interval)) for _ in range(SERVICES)]
    services = [Service(number, client, flag) for number, client in enumerate(clients)]
    for service in services:
        service.start()
    start_http_server(int(port), addr="127.0.0.1", registry=REGISTRY)
    print(json.dumps({"is_ready": all(client.wait_until_ready() for client in clients)}), flush=True)  # noqa: T201 - read by the test
    for service in services:
        service.join()
    facts = {
        "harmed_at": min(service.harmed_at for service in services),
        "off_at": [service.off_at for service in services],
    }
    print(json.dumps(facts), flush=True)  # noqa: T201 - likewise
    for client in clients:
        client.close()


if __name__ == "__main__":
    main()
