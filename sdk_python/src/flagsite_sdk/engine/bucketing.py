"""Where a context falls: the bucket of a value, and the thresholds that stand for shares of the buckets.

    bucket = (xxh3_64(utf8(salt + "." + purpose + "." + value)) * 100_000) >> 64

The multiplication spreads the 64-bit digest evenly over the buckets without a modulo's bias (Lemire, "Fast
random integer generation in an interval", 2019). Code that only asks on which side of a boundary a digest
lies compares it with `threshold` instead, which is the same and needs no multiplication.

Text that is not valid Unicode (a lone surrogate) is encoded like any other code point ("surrogatepass"), so
that every text has a bucket and no text can raise. Nothing here knows flags.
"""

from functools import lru_cache
from typing import Final, Literal

import xxhash

from flagsite_sdk.engine.model import BUCKETS

Purpose = Literal["rollout", "split"]

DIGESTS: Final = 1 << 64
"""The number of digests; also stands for "no digest", as it is below no threshold but its own."""

digest_of_bytes = xxhash.xxh3_64_intdigest


def prefix(salt: str, purpose: Purpose) -> str:
    """What is hashed in front of the value."""
    return f"{salt}.{purpose}."


def digest(salt: str, purpose: Purpose, value: str) -> int:
    """The 64-bit digest of a value, 0 … 2^64 - 1."""
    return digest_of_bytes((prefix(salt, purpose) + value).encode("utf-8", "surrogatepass"))


def bucket(salt: str, purpose: Purpose, value: str) -> int:
    """The bucket of a value, 0 … 99,999."""
    return bucket_of(digest(salt, purpose, value))


def bucket_of(a_digest: int) -> int:
    """The bucket in which a 64-bit digest lies, 0 … 99,999."""
    return (a_digest * BUCKETS) >> 64


@lru_cache(maxsize=1_024)
def threshold(buckets: int) -> int:
    """The first digest that is past so many buckets: `bucket < buckets` exactly when `digest < threshold`.

    From (digest * 100_000) >> 64 < buckets follows digest < ceil(buckets * 2^64 / 100_000).
    """
    return -(-buckets * DIGESTS // BUCKETS)
