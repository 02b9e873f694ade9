"""The text of a key: `fs_srv_<id>_<secret>` for SDKs, `fs_api_<id>_<secret>` for people's scripts. Pure.

The id (12 hexadecimal characters) finds the row; of the secret (192 random bits) only a SHA-256 is stored. A slow
password hash would add nothing: nobody can guess 192 bits, and every request pays for the check.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 24
_FORMAT: Final = re.compile(r"fs_(?P<kind>srv|api)_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{1,128})", re.ASCII)


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
        match = _FORMAT.fullmatch(text)
        return cls(Kind(match["kind"]), match["id"], match["secret"]) if match else None

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
