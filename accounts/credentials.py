"""The text of a key: `fs_srv_<id>_<secret>` for SDKs, `fs_api_<id>_<secret>` for people's scripts. Pure.

The id (12 hexadecimal characters) finds the row; of the secret (192 random bits) only a SHA-256 is stored. A slow
password hash would add nothing: nobody can guess 192 bits, and every request pays for the check.
"""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 24


class Kind(StrEnum):
    """What a key is for."""

    SERVER = "srv"
    API = "api"


@dataclass(frozen=True)
class Credential:
    """A key as its holder has it."""

    kind: Kind
    id: str
    secret: str

    @classmethod
    def new(cls, kind: Kind) -> "Credential":
        """Return a key that nobody has seen."""
        return cls(kind, secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "Credential | None":
        """Return the parts of a key, or None when the text cannot be one."""
        parts = text.split("_", 3)
        if len(parts) != 4 or parts[0] != "fs" or parts[1] not in Kind or not parts[2] or not parts[3]:
            return None
        return cls(Kind(parts[1]), parts[2], parts[3])

    def __str__(self) -> str:
        return f"fs_{self.kind}_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"<Credential fs_{self.kind}_{self.id}_…>"

    @property
    def digest(self) -> str:
        """What is stored of the secret: its SHA-256 as 64 hexadecimal characters."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def opens(self, digest: str) -> bool:
        """Tell, in constant time, whether the secret is the one whose digest was stored."""
        return secrets.compare_digest(self.digest, digest)
