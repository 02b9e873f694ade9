"""An environment's configuration as it is and as it would be: documents to read, and decisions to ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from flagsite_sdk.engine.definitions import Definitions, Raws
from flagsite_sdk.engine.errors import InvalidContext, Malformed, UnknownFlag
from flagsite_sdk.engine.model import Flag
from flagsite_sdk.engine.snapshot import Snapshot

from flagsite.lib.canonical import canonical

Documents: TypeAlias = Mapping[str, dict[str, Any] | None]
"""Flags or segments by key: the whole new document, or None for what is gone."""


class _Document(msgspec.Struct):
    revision: int
    flags: Raws
    segments: Raws = {}


@dataclass(frozen=True)
class Configuration:
    """One of the two. A flag that is not there, or cannot be used, decides nothing."""

    definitions: Definitions
    snapshot: Snapshot

    def flag(self, key: str) -> Flag | None:
        """Return the flag's definition when there is one that can be read."""
        try:
            return self.definitions.flags()[key]
        except (KeyError, Malformed):
            return None

    def served(self, key: str, contexts: Sequence[Mapping[str, Any]], *, now: float) -> list[str | None]:
        """Return the variation for each context; None where there is no decision."""
        try:
            decide = self.snapshot.table[key]
        except UnknownFlag:
            return [None] * len(contexts)
        return [_variation(decide, context, now) for context in contexts]


def both(before: bytes, *, flags: Documents, segments: Documents, now: float) -> tuple[Configuration, Configuration]:
    """Return the configuration as it is, and with the documents put in place or taken away."""
    document = msgspec.json.decode(before, type=_Document)
    changed = msgspec.json.decode(
        canonical({"revision": document.revision + 1, "flags": flags, "segments": segments}), type=_Document
    )
    delta = canonical(
        {"since": document.revision, "revision": document.revision + 1, "flags": flags, "segments": segments}
    )
    old, new = (Snapshot(clock=lambda: now) for _ in range(2))
    old.replace(before)
    new.replace(before)
    new.apply(delta)
    definitions = Definitions(dict(document.flags), dict(document.segments))
    definitions.update(changed.flags, changed.segments)
    return Configuration(Definitions(document.flags, document.segments), old), Configuration(definitions, new)


def _variation(decide: Callable[..., Any], context: Mapping[str, Any], now: float) -> str | None:
    try:
        served: str = decide(context, now).variation
    except (Malformed, InvalidContext):
        return None
    return served
