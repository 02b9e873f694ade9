"""Signatures of webhooks, by the Standard Webhooks specification (https://www.standardwebhooks.com), version 1. Pure.

A receiver takes the bytes of the body as they came, and compares `v1,` + base64(HMAC-SHA256(secret, id.timestamp.body))
with each of the signatures in the header: while a secret is being replaced there are two.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """Return a secret that nobody has seen."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def headers_of(body: bytes, *, id: str, timestamp: int, signed_with: Sequence[str]) -> Mapping[str, str]:  # noqa: A002 - the specification's word
    """Return the three headers.

    Args:
        body: the bytes that are sent.
        id: what the receiver knows the message by, the same on every attempt.
        timestamp: seconds since 1970 of this attempt; receivers refuse what is older than a few minutes.
        signed_with: secrets, the newest first.
    """
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            _signature(secret, f"{id}.{timestamp}.".encode() + body) for secret in signed_with
        ),
    }


def _signature(secret: str, message: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
