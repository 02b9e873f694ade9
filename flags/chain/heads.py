"""Exported heads of chains, as JSON: to be kept where those who can write to the database cannot reach them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True)
class ExportedHead:
    """Where an environment's chain stood: it proves this revision and all before it."""

    id: int
    project: str
    environment: str
    number: int
    digest: str
    created_at: datetime | None
    """When the revision was made; None for a chain without any."""

    def __str__(self) -> str:
        return f"{self.project}/{self.environment}"


def as_json(heads: list[ExportedHead], *, at: datetime) -> bytes:
    """Return the file's content."""
    return orjson.dumps(
        {"exported_at": at, "heads": listed(heads)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )


def listed(heads: Iterable[ExportedHead]) -> list[dict[str, Any]]:
    """Return heads as members of a JSON document."""
    return [asdict(head) for head in heads]


def from_json(content: bytes) -> list[ExportedHead]:
    """Return the heads in a file's content.

    Raises:
        ValueError: when it is no such file.
    """
    return heads_of(orjson.loads(content))


def heads_of(found: Any) -> list[ExportedHead]:
    """Return the heads that a JSON document holds.

    Raises:
        ValueError: when it holds none, or one that is incomplete.
    """
    if not isinstance(found, dict) or not isinstance(found.get("heads"), list):
        raise ValueError("it holds no list of heads")  # noqa: TRY004 - the caller asks about the content, not about types
    return [_head(entry) for entry in found["heads"]]


def _head(entry: Any) -> ExportedHead:
    try:
        made = entry["created_at"]
        return ExportedHead(
            id=int(entry["id"]),
            project=str(entry["project"]),
            environment=str(entry["environment"]),
            number=int(entry["number"]),
            digest=str(entry["digest"]),
            created_at=datetime.fromisoformat(made) if made else None,
        )
    except (KeyError, TypeError) as error:
        raise ValueError("one of its heads is incomplete") from error
