"""The digest that chains a revision to the one before it, so that a changed or missing row is found. Pure.

    digest(n) = SHA-256( digest(n-1) ‖ 0x0A ‖ about(n) ‖ 0x0A ‖ delta(n) )
    about(n)  = canonical JSON of {actor, comment, created_at, environment, number, source}, with approved_by when
                somebody approved it and is_emergency when it was one

with 64 zeros before the first revision, and digests as lower-case hexadecimal text.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

import orjson

GENESIS: Final = "0" * 64


def digest_of(
    *,
    previous: str,
    environment: int,
    number: int,
    delta: str,
    actor_label: str,
    source: str,
    comment: str,
    created_at: datetime,
    approved_by: str = "",
    is_emergency: bool = False,
) -> str:
    """Return the digest of a revision as 64 hexadecimal characters."""
    facts = {
        "actor": actor_label,
        "comment": comment,
        "created_at": created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "environment": environment,
        "number": number,
        "source": source,
        **({"approved_by": approved_by} if approved_by else {}),
        **({"is_emergency": True} if is_emergency else {}),
    }
    about = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"\n".join([previous.encode(), about, delta.encode()])).hexdigest()
