"""What may be kept of a context, and what kept ones tell of their attributes. Pure.

A project lists the paths of the attributes that may be kept. Each is kept under its whole path, as the engine reads
it: `organisation.id` stays `organisation.id`, and nothing else of the organisation is there.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from flagsite_sdk.engine.context import read

from flags.limits import MAX_SEEN_ATTRIBUTE_BYTES, MAX_SEEN_ID
from segments.vocabulary import kind_of

EXAMPLES: Final = 5
"""Values that are shown of an attribute."""
LONGEST_EXAMPLE: Final = 100
"""Characters of a text that is shown as an example; longer ones are no help."""
HASHED: Final = "hashed:"
"""What an id begins with that is kept as a hash."""
_NUL: Final = "\\u0000"
"""As JSON writes what PostgreSQL's texts cannot hold."""


@dataclass(frozen=True)
class SeenAttribute:
    """An attribute that contexts had lately: its path, the kinds of its values, and some of them, the newest first."""

    path: str
    kinds: tuple[str, ...]
    examples: tuple[str | int | float | bool, ...]


def is_kept(context_id: Any) -> bool:
    """Tell whether a context of this id is kept: not an anonymous one, and none that the table cannot hold."""
    return (
        isinstance(context_id, str)
        and 0 < len(context_id) <= MAX_SEEN_ID
        and "\x00" not in context_id
        and (context_id.isascii() or _is_unicode(context_id))
    )


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be written: one with a lone surrogate, which JSON may hold, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def stored_id(context_id: str, *, salt: str, hashed: bool) -> str:
    """Return the id under which evaluations are recorded: itself, or a hash where only those are kept.

    The hash is HMAC-SHA256 keyed by the project's salt, of which 128 bits are kept: without the salt nobody can try
    ids out. An id that the table cannot hold is hashed as well, so that it can still be asked for.
    """
    if not context_id or (is_kept(context_id) and not hashed):
        return context_id
    return HASHED + hmac.digest(salt.encode(), context_id.encode("utf-8", "replace"), "sha256").hex()[:32]


def shown_id(context_id: str, *, salt: str, hashed: bool) -> str:
    """Return a stored id as it is shown: one of before the project wanted hashes is shown as its hash as well."""
    return context_id if context_id.startswith(HASHED) else stored_id(context_id, salt=salt, hashed=hashed)


def ids_of(context_id: str, *, salt: str) -> set[str]:
    """Return under which ids somebody may be recorded: as it is, and as its hash, for projects change their minds."""
    return {stored_id(context_id, salt=salt, hashed=hashed) for hashed in (False, True)}


def listed(attributes: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return those of the kept attributes that are on the list."""
    return {path: attributes[path] for path in paths if path in attributes}


def kept_of(context: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return the attributes at the paths; what is missing, too long, or no JSON that can be stored is left out."""
    found = ((path, read(context, path)) for path in paths if path != "id")
    return {path: value for path, value in found if value is not None and _is_storable(value)}


def attributes_in(contexts: Iterable[Mapping[str, Any]]) -> list[SeenAttribute]:
    """Return the attributes of kept contexts, sorted by path; of nested ones those inside."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    examples: defaultdict[str, dict[Any, None]] = defaultdict(dict)
    for context in contexts:
        for path, value in _leaves(context):
            kinds[path].add("list" if isinstance(value, list) else kind_of(value))
            for item in value if isinstance(value, list) else [value]:
                if len(examples[path]) < EXAMPLES and _is_example(item):
                    examples[path][type(item), item] = None
    return [SeenAttribute(path, tuple(sorted(kinds[path])), _shown(examples[path])) for path in sorted(kinds)]


def _shown(examples: Mapping[tuple[type, Any], None]) -> tuple[Any, ...]:
    return tuple(value for _, value in examples)  # by type too: Python takes 1 and true for the same


def _leaves(context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any]] = [(path, value) for path, value in context.items() if path != "id"]
    for path, value in waiting:
        if isinstance(value, dict):
            waiting += [(f"{path}.{name}", item) for name, item in value.items()]
        elif value is not None:
            yield path, value


def _is_example(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_EXAMPLE
    return isinstance(value, bool | int | float)


def _is_storable(value: Any) -> bool:
    try:
        document = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return len(document) <= MAX_SEEN_ATTRIBUTE_BYTES and _NUL.encode() not in document


def without(contexts: Sequence[Mapping[str, Any]], paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the contexts with nothing but their ids and these attributes."""
    kept = {"id", *paths}
    return [{path: value for path, value in context.items() if path in kept} for context in contexts]
