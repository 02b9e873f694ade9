"""Which SDKs poll: each says who it is when it asks, and from time to time it is written down that they are there.

Else one that polls, decides nothing and gets nothing new would look as if it were gone: it has nothing to report.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings

from flags.services import note_instances
from flags.usage.reports import Sdk
from flagsite.lib import clock

log = structlog.get_logger(__name__)

MAX_POLLERS: Final = 10_000
"""SDKs that wait in a process to be written down; more come again with their next poll."""


class Pollers:
    """Those that this process has answered lately; safe to share between threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, str], Sdk] = {}
        self._written_at = float("-inf")

    def note(self, environment_id: int, sdk: Sdk) -> None:
        """Take who was answered, with the revision that they hold since."""
        with self._lock:
            if len(self._seen) < MAX_POLLERS:
                self._seen[environment_id, sdk.instance] = sdk

    def write_if_due(self) -> None:
        """Write them down, if that is some time ago."""
        if self._now() - self._written_at >= settings.STREAM_PRESENCE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write them down; whom the database does not take now will poll again."""
        with self._lock:
            seen, self._seen = self._seen, {}
        self._written_at = self._now()
        try:
            if seen:
                note_instances(seen, at=clock.now())
        except Exception:
            log.warning("pollers_cannot_be_written", exc_info=True)
