"""What a backup says of itself: when, of what, at which schema, and where every chain of revisions stood. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from flags.chain.heads import ExportedHead, heads_of, listed

FORMAT: Final = 1


class Unreadable(Exception):
    """It is no backup of Flagsite, or one that this version cannot read; the message says why."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    app: str
    name: str

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"


@dataclass(frozen=True)
class Manifest:
    """What was backed up, all of it as of one moment."""

    made_at: datetime
    engine: str
    """`postgresql` or `sqlite`: what is in the file is the engine's own format."""
    engine_version: str
    migrations: frozenset[Migration]
    heads: tuple[ExportedHead, ...]
    size: int = 0
    """Bytes of the data."""
    sha256: str = ""

    def to_json(self) -> bytes:
        """Return the manifest as it stands in the file."""
        document = {
            "flagsite_backup": FORMAT,
            "made_at": self.made_at,
            "engine": self.engine,
            "engine_version": self.engine_version,
            "migrations": sorted(map(str, self.migrations)),
            "heads": listed(self.heads),
            "size": self.size,
            "sha256": self.sha256,
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Read a manifest.

        Raises:
            Unreadable: when it is none, or of another format than this version writes.
        """
        try:
            document: dict[str, Any] = orjson.loads(content)
            if document["flagsite_backup"] != FORMAT:
                raise Unreadable(f"it has format {document['flagsite_backup']}, and this version reads {FORMAT}")
            return cls(
                made_at=datetime.fromisoformat(document["made_at"]),
                engine=document["engine"],
                engine_version=document["engine_version"],
                migrations=frozenset(Migration(*each.split(".", 1)) for each in document["migrations"]),
                heads=tuple(heads_of(document)),
                size=document["size"],
                sha256=document["sha256"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"its manifest cannot be read: {type(error).__name__}") from None
