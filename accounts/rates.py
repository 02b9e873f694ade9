"""How often a key may ask, and how often an address may guess; past that, 429 with `Retry-After`.

Decides for this process alone: n processes allow n times as much. Nothing is asked of Redis or the database, so a limit
costs no more than what it saves. Every road that takes keys calls these two functions: REST, the web front, the stream.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from threading import Lock
from time import monotonic
from typing import Final, Protocol, TypeVar

from django.conf import settings

from accounts.credentials import Credential, Kind
from flagsite.lib.problems import TooManyRequests
from flagsite.lib.token_buckets import TokenBuckets

COUNTED: Final = "flagsite.counted"
"""In WSGI's environment: this request has been counted for its key. No header can set it."""
BURST_SECONDS: Final = 2
"""A key that was quiet may ask at once for what it may ask in so many seconds."""
WRONG_KEYS_AT_ONCE: Final = 100
"""Wrong keys that an address may send at once; then `WRONG_KEY_RATE` of them a second."""
MAX_KNOWN_KEYS: Final = 10_000
"""Keys of which a process remembers that they opened something."""
_SITE_BITS: Final = 64
"""Of an IPv6 address: whoever has one has all that begin with the same 64 bits (RFC 6177)."""

Found = TypeVar("Found")


class Key(Protocol):
    """What is needed of a key: a row, or the credential that was checked against it."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102


def take(key: Key) -> None:
    """Count a request of a key that is in force.

    Raises:
        TooManyRequests: when the key has asked too often.
    """
    per_second = settings.SERVER_KEY_RATE if key.kind is Kind.SERVER else settings.API_TOKEN_RATE
    if not per_second:
        return
    wait = _buckets(key.kind, per_second, per_second * BURST_SECONDS).take(key.id, monotonic())
    if wait:
        raise TooManyRequests(f"This key may ask {per_second} times a second.", retry_after=wait)


def look_up(credential: Credential, address: str | None, find: Callable[[Credential], Found]) -> Found:
    """Return what `find` makes of a credential; for an address that sends many wrong ones, without asking it.

    An address over its limit stays open to keys that opened something before: behind the address of an office, or of a
    proxy that nobody named in `TRUSTED_PROXIES`, one who guesses does not lock the others out.

    Args:
        credential: the key as it was sent; its text names no bucket, or guesses would be without limit.
        address: from where; without one nothing is limited.
        find: asks the database.

    Raises:
        TooManyRequests: when the address has sent too many wrong keys and this one is not known.
    """
    per_second = settings.WRONG_KEY_RATE
    if not per_second or address is None:
        return find(credential)
    buckets, place = _buckets(None, per_second, WRONG_KEYS_AT_ONCE), _place(address)
    digest = credential.digest
    if digest not in _known and (wait := buckets.wait(place, monotonic())):
        raise TooManyRequests("Too many wrong keys came from your address.", retry_after=wait)
    found = find(credential)
    if found is None:
        _known.discard(digest)
        buckets.take(place, monotonic())
    else:
        _known.add(digest)
    return found


def start_anew() -> None:
    """Forget who has asked how often, and every key that was known."""
    _buckets.cache_clear()
    _known.clear()


@lru_cache(maxsize=8)
def _buckets(whose: Kind | None, per_second: int, burst: int) -> TokenBuckets:
    """Return the buckets of one kind of key, or (None) of addresses; settings change in tests only."""
    del whose
    return TokenBuckets(per_second=per_second, burst=burst)


def _place(address: str) -> str:
    """Return what an address is counted under."""
    read = ip_address(address)
    if isinstance(read, IPv6Address) and read.ipv4_mapped is None:
        return str(int(read) >> (read.max_prefixlen - _SITE_BITS))
    return address


class _Remembered:
    """Digests of keys, the newest so many."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, digest: str) -> bool:
        return digest in self._digests

    def add(self, digest: str) -> None:
        with self._lock:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > MAX_KNOWN_KEYS:
                self._digests.popitem(last=False)

    def discard(self, digest: str) -> None:
        with self._lock:
            self._digests.pop(digest, None)

    def clear(self) -> None:
        with self._lock:
            self._digests.clear()


_known: Final = _Remembered()
