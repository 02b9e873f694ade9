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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, NamedTuple

import structlog
from django.db import DatabaseError, InterfaceError, connection

from accounts import rates
from accounts.api.authentication import key_of_header
from accounts.models import Environment, ServerKey
from flags.limits import MAX_KNOWN_CALLERS
from flags.publishing.marks import marks
from flags.serving.outage import Outage
from flags.snapshots import EnvironmentSnapshot, snapshot_of
from flagsite.lib import clock
from flagsite.lib.problems import NotSignedIn, Unavailable

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 0.25
"""How long a look at the database is waited for; then requests go on with what was known."""
LAST_KNOWN_SECONDS: Final = 300.0
_LOOKERS: Final = 4
"""Looks at a time: one that hangs must not keep other keys from being looked at."""


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


class _Look(NamedTuple):
    """One look at the database, which may be under way."""

    began_at: float
    done: Future[None]


class Callers:
    """Those that this process has let in; safe to share between threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self.outage = Outage(now=now)
        self._now = now
        self._known: OrderedDict[bytes, Caller] = OrderedDict()
        self._looks: dict[bytes, _Look] = {}
        self._lock = threading.Lock()
        self._lookers: ThreadPoolExecutor | None = None

    def of(self, header: str, *, address: str | None) -> Caller | None:
        """Return who sends this `Authorization` header from an address; None for a key that is not an SDK's.

        Raises:
            NotSignedIn: when the key opens nothing.
            TooManyRequests: when the key, or wrong keys from the address, came too often.
            Unavailable: when the key is not known here, and the database did not answer a moment ago.
        """
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        name = hashlib.sha256(text.strip().encode()).digest()  # the key itself is not kept
        known = self._known.get(name)
        if known is None or self._now() - known.seen_at > LAST_KNOWN_SECONDS:
            known = self._meet(name, header, address)
        elif not self._is_fresh(known):
            self._look_again(name, header, address)
            known = self._known.get(name)
        if known is None or not known.key.in_force(clock.now()):
            return None
        with suppress(KeyError):  # forgotten meanwhile
            self._known.move_to_end(name)
        rates.take(known.key)
        return known

    def _is_fresh(self, caller: Caller) -> bool:
        is_recent = self._now() - caller.seen_at <= FRESH_SECONDS
        return is_recent and caller.mark == marks().of(caller.environment.pk)

    def _meet(self, name: bytes, header: str, address: str | None) -> Caller | None:
        """Ask the database, on the thread of the request."""
        if self.outage.lasts:
            raise Unavailable.database()
        try:
            return self._ask(name, header, address)
        except (DatabaseError, InterfaceError):
            self.outage.was_noticed()
            raise
        finally:
            _let_go()

    def _ask(self, name: bytes, header: str, address: str | None) -> Caller | None:
        seen_at = self._now()
        before = self._known.get(name)
        mark = marks().of(before.environment.pk) if before else None  # before the look, so that no change slips between
        key = key_of_header(header, address=address)
        if not isinstance(key, ServerKey):
            return None
        caller = Caller(key, snapshot_of(key.environment), seen_at=seen_at, mark=mark)
        self.outage.is_over()
        with self._lock:
            self._known[name] = caller
            while len(self._known) > MAX_KNOWN_CALLERS:
                self._known.popitem(last=False)
        return caller

    def _look_again(self, name: bytes, header: str, address: str | None) -> None:
        """Have the database asked, on another thread: a database that does not answer must not hold up the request."""
        for _ in range(2):  # a look that somebody else began may have begun before the change
            look, is_ours = self._look_of(name)
            if is_ours:
                self._start(look, name, header, address)
            try:
                look.done.result(max(0.0, look.began_at + PATIENCE_SECONDS - self._now()))
            except TimeoutError:
                return
            known = self._known.get(name)
            if is_ours or known is None or self._is_fresh(known):
                return

    def _look_of(self, name: bytes) -> tuple[_Look, bool]:
        with self._lock:
            look = self._looks.get(name)
            if look is not None:
                return look, False
            look = self._looks[name] = _Look(self._now(), Future())
            return look, True

    def _start(self, look: _Look, name: bytes, header: str, address: str | None) -> None:
        with self._lock:
            if self._lookers is None:
                self._lookers = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="flags-callers")
        self._lookers.submit(self._look, look, name, header, address)

    def _look(self, look: _Look, name: bytes, header: str, address: str | None) -> None:
        try:
            self._ask(name, header, address)
        except NotSignedIn:
            self._known.pop(name, None)
        except Exception as error:  # noqa: BLE001 - whatever it is, what was known goes on for a while
            self.outage.was_noticed()
            log.warning("database_is_away", error=type(error).__name__)
        finally:
            _let_go()
            with self._lock:
                del self._looks[name]
            look.done.set_result(None)


def _let_go() -> None:
    """Give the connection back to the pool, unless a transaction of somebody else's is under way on it."""
    if not connection.in_atomic_block:
        connection.close()
