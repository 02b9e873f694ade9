"""Segments: JSON to model and back."""

from typing import Any

from flagsite_sdk.engine.model import Segment
from flagsite_sdk.engine.wire.conditions import condition, write_condition
from flagsite_sdk.engine.wire.reading import Reader


def segment(reader: Reader, key: Any, document: Any) -> Segment:
    """Read a segment."""
    reader.key(key, "key")
    fields = reader.fields(document, "", optional=("if", "included", "excluded"))
    return Segment(
        key=key,
        condition=condition(reader, fields["if"], "if") if "if" in fields else None,
        included=_ids(reader, fields.get("included", ()), "included"),
        excluded=_ids(reader, fields.get("excluded", ()), "excluded"),
    )


def _ids(reader: Reader, document: Any, path: str) -> frozenset[str]:
    found: set[str] = set()
    for at, item in reader.items(document, path, empty=True):
        name = reader.text(item, at)
        if name in found:
            reader.problem(at, f"The id {name!r} is listed twice.")
        found.add(name)
    return frozenset(found)


def write_segment(segment: Segment) -> dict[str, Any]:
    """A segment as JSON; the ids in order, because a set has none."""
    document: dict[str, Any] = {"included": sorted(segment.included), "excluded": sorted(segment.excluded)}
    if segment.condition is not None:
        document["if"] = write_condition(segment.condition)
    return document
