"""The one JSON text of a document: what is hashed, sent, and compared."""

from typing import Any

import orjson


def canonical(document: Any) -> bytes:
    """Return the document as JSON with sorted keys and without spaces."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def same(one: Any, other: Any) -> bool:
    """Tell whether two documents are the same JSON. Python's own `==` takes 1, 1.0 and true for the same."""
    return canonical(one) == canonical(other)
