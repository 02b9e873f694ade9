"""Who asks with a server key, and the configuration that they reach, as this process knows them.

What is known is looked at anew every `FRESH_SECONDS`: so long a key's revocation, or a change that was made on another
machine, may take until it is in force here. A change that a process of this machine has made is in force at once. While
the database does not answer, what was known last goes on for `LAST_KNOWN_SECONDS`: an outage does not stop evaluations.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections

from accounts import rates
from accounts.api.authentication import key_of_header
from accounts.models import Environment, ServerKey
from flags.limits import MAX_KNOWN_CALLERS
from flags.publishing.marks import marks
from flags.snapshots import EnvironmentSnapshot, snapshot_of
from flagsite.lib import clock
from flagsite.lib.problems import NotSignedIn

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 0.25
"""How long a request waits for a look at the database; then it goes on with what was known."""
LAST_KNOWN_SECONDS: Final = 300.0


class Caller:
    """A server key that was let in, and what it reaches."""

    __slots__ = ("environment", "key", "mark", "seen_at", "snapshot")

    def __init__(self, key: ServerKey, snapshot: EnvironmentSnapshot, *, seen_at: float, mark: int | None) -> None:
        self.key = key
        self.environment: Environment = key.environment
        self.snapshot = snapshot
        self.seen_at = seen_at
        """When the database last said so, by the monotonic clock in seconds."""
        self.mark = mark
        """The environment's, when the database was asked; None at the first meeting, when it was not known yet."""


class Callers:
    """Those that this process has let in; safe to share between threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: OrderedDict[bytes, Caller] = OrderedDict()
        self._looking: set[bytes] = set()
        self._lock = threading.Lock()
        self._looker: ThreadPoolExecutor | None = None

    def of(self, header: str, *, address: str | None) -> Caller | None:
        """Return who sends this `Authorization` header from an address; None for a key that is not an SDK's.

        Raises:
            NotSignedIn: when the key opens nothing.
            TooManyRequests: when the key, or wrong keys from the address, came too often.
        """
        name = hashlib.sha256(header.encode()).digest()  # the key itself is not kept
        known = self._known.get(name)
        if known is None:
            known = self._meet(name, header, address)
        elif self._now() - known.seen_at > FRESH_SECONDS or known.mark != marks().of(known.environment.pk):
            self._look_again(name, header, address)
            known = self._known.get(name)
        if known is None or not known.key.in_force(clock.now()):
            return None
        rates.take(known.key)
        return known

    def _meet(self, name: bytes, header: str, address: str | None) -> Caller | None:
        seen_at = self._now()
        before = self._known.get(name)
        mark = marks().of(before.environment.pk) if before else None  # before the look, so that no change slips between
        key = key_of_header(header, address=address)
        if not isinstance(key, ServerKey):
            return None
        caller = Caller(key, snapshot_of(key.environment), seen_at=seen_at, mark=mark)
        with self._lock:
            self._known[name] = caller
            while len(self._known) > MAX_KNOWN_CALLERS:
                self._known.popitem(last=False)
        return caller

    def _look_again(self, name: bytes, header: str, address: str | None) -> None:
        """Have the database asked, on another thread: a database that does not answer must not hold up the request."""
        with self._lock:
            if self._looker is None:
                self._looker = ThreadPoolExecutor(1, thread_name_prefix="flags-callers")
            if name in self._looking:
                return  # who comes while it is being looked at goes on with what is known
            self._looking.add(name)
        look = self._looker.submit(self._look, name, header, address)
        try:
            look.result(PATIENCE_SECONDS)
        except TimeoutError:
            log.warning("database_is_slow", seconds=PATIENCE_SECONDS)

    def _look(self, name: bytes, header: str, address: str | None) -> None:
        try:
            close_old_connections()
            self._meet(name, header, address)
        except NotSignedIn:
            self._known.pop(name, None)
        except (OperationalError, InterfaceError) as error:
            log.warning("database_is_away", error=type(error).__name__)
            self._forget_the_stale()
        finally:
            self._looking.discard(name)

    def _forget_the_stale(self) -> None:
        oldest = self._now() - LAST_KNOWN_SECONDS
        with self._lock:
            for name in [name for name, caller in self._known.items() if caller.seen_at < oldest]:
                del self._known[name]
