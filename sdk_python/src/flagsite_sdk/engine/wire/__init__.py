"""JSON to model and back: the only room of the engine that knows the names of fields.

A document is checked completely before it becomes a model, and every problem is reported at once, with its
path. Whatever is unknown is refused: a flag that says something we do not understand is not decided by what
is left of it. How a document came here, and who may change it, is not known here.
"""

from collections.abc import Collection
from typing import Any

from flagsite_sdk.engine.model import Condition, Flag, Segment, Serve
from flagsite_sdk.engine.wire import conditions, flags, segments, serves
from flagsite_sdk.engine.wire.conditions import write_condition
from flagsite_sdk.engine.wire.flags import write_flag
from flagsite_sdk.engine.wire.reading import Reader
from flagsite_sdk.engine.wire.segments import write_segment
from flagsite_sdk.engine.wire.serves import write_serve


def read_flag(key: str, document: Any) -> Flag:
    """A flag from its JSON.

    Raises:
        Malformed: With every problem of the flag.
    """
    reader = Reader()
    flag = flags.flag(reader, key, document)
    reader.finish()
    assert flag is not None  # noqa: S101  # without an object there was a problem
    return flag


def read_segment(key: str, document: Any) -> Segment:
    """A segment from its JSON.

    Raises:
        Malformed: With every problem of the segment.
    """
    reader = Reader()
    segment = segments.segment(reader, key, document)
    reader.finish()
    return segment


def read_condition(document: Any, path: str = "if") -> Condition:
    """A condition from its JSON.

    Raises:
        Malformed: With every problem of the condition, each path starting with `path`.
    """
    reader = Reader()
    condition = conditions.condition(reader, document, path)
    reader.finish()
    return condition


def read_serve(document: Any, path: str = "serve", *, variations: Collection[str] | None = None) -> Serve:
    """A serve from its JSON; with `variations`, it may serve only those.

    Raises:
        Malformed: With every problem of the serve, each path starting with `path`.
    """
    reader = Reader()
    serve = serves.serve(reader, document, path, variations)
    reader.finish()
    return serve


__all__ = [
    "read_condition",
    "read_flag",
    "read_segment",
    "read_serve",
    "write_condition",
    "write_flag",
    "write_segment",
    "write_serve",
]
