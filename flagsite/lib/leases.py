"""Leases: what one process at a time does, of all that share the cache.

A lease ends by itself, so that what a killed process had is had by another one soon. Where the cache is emptied or away
several may have it: a lease spares work, and nothing may depend on it being held by one alone.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from django.core.cache import cache

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lease:
    """The right to do something for so many seconds, from its last renewal on."""

    name: str
    seconds: int
    _token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def take(self) -> bool:
        """Take it, unless somebody has it."""
        return self._asked(lambda: cache.add(self.name, self._token, timeout=self.seconds))

    def renew(self) -> None:
        """Have it for its seconds from now on; somebody else's stays theirs."""
        self._asked(lambda: self._is_ours() and cache.touch(self.name, timeout=self.seconds))

    def give_back(self) -> None:
        """Let others have it; somebody else's stays theirs."""
        self._asked(lambda: self._is_ours() and cache.delete(self.name))

    def _is_ours(self) -> bool:
        return bool(cache.get(self.name) == self._token)

    def _asked(self, question: Callable[[], bool]) -> bool:
        try:
            return question()
        except Exception as error:  # noqa: BLE001 - whatever the cache's client raises, the work is to be done
            log.warning("lease_not_reached", lease=self.name, error=type(error).__name__)
            return True


@contextmanager
def leased(name: str, *, seconds: int) -> Iterator[Lease | None]:
    """Hold the lease of a name for the length of the block; None: somebody else has it."""
    lease = Lease(f"lease:{name}", seconds)
    if not lease.take():
        yield None
        return
    try:
        yield lease
    finally:
        lease.give_back()
