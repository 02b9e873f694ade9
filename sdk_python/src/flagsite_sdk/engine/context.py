"""Who is asking: what the engine accepts as a context, and how it reads it.

A context is a mapping with a text `id` and any other attributes. The empty `id` is an *anonymous* context:
it is never targeted or listed individually, it is outside of every gate below 100 % and of every split by
`id`, and it can still match rules. An attribute that is null is missing. Nothing is converted: an `id` that
is a number is not an id.
"""

from collections.abc import Mapping
from typing import Any

from flagsite_sdk.engine.errors import InvalidContext

_LONGEST_INTEGER = 1 << 63


def identify(context: Any) -> str:
    """The context's id.

    Raises:
        InvalidContext: It is no mapping, or its `id` is missing or not text.
    """
    if not isinstance(context, Mapping):
        raise InvalidContext(f"A context is a mapping with an id, not {_kind(context)}.")
    found = context.get("id")
    if found is None:
        raise InvalidContext("The context has no id.")
    if not isinstance(found, str):
        raise InvalidContext(f"The id of a context is text, not {_kind(found)}.")
    return found


def read(context: Mapping[str, Any], name: str) -> Any:
    """An attribute by name, None when it is missing.

    A key that equals the whole name wins; else a dotted name is walked through nested mappings.
    """
    found = context.get(name)
    if found is None and "." in name:
        return walk(context, name)
    return found


def walk(context: Mapping[str, Any], name: str) -> Any:
    """What lies at a dotted path, None when any step of it is missing or not a mapping."""
    found: Any = context
    for step in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def bucketing_value(value: Any) -> str | None:
    """An attribute as text to bucket by: non-empty text, or an integer of 64 bits as decimal text.

    None for everything else, a boolean and a float among them: whoever has it is outside.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and -_LONGEST_INTEGER <= value < _LONGEST_INTEGER:
        return int.__repr__(value)
    return None


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
