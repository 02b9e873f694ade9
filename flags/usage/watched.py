"""By whose buckets events are compared. Ramps stand above this app, and hand in how these are found (`rollouts.apps`).

An id that is kept as a hash tells no bucket any more. So what falls into a bucket is noted while the id is at hand, of
the flags that are watched at that moment and of no other.
"""

import hashlib
from collections.abc import Callable, Collection

from flagsite_sdk.engine.bucketing import bucket

from accounts.models import Environment

Find = Callable[[Environment], Collection[str]]

_found_above: list[Find] = []


def salts_found_by(find: Find) -> None:
    """Set how the salts of the flags that are watched in an environment are found."""
    _found_above[:] = [find]


def watched_salts(environment: Environment) -> set[str]:
    """Return the salts of the flags that are watched now."""
    return {salt for find in _found_above for salt in find(environment)}


def buckets_of_id(context_id: str, salts: Collection[str]) -> dict[str, int]:
    """Return where an id falls under each salt, by `salt_name`."""
    return {salt_name(salt): bucket(salt, "rollout", context_id) for salt in salts}


def salt_name(salt: str) -> str:
    """Return how a salt is called in JSON: a digest, for databases take some texts for numbers, or stop at quotes."""
    return "s" + hashlib.sha256(salt.encode()).hexdigest()[:16]
