"""An environment's configuration as it is and as it would be: documents to read, and decisions to ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from flagsite_sdk.engine.definitions import Definitions, Raws
from flagsite_sdk.engine.errors import InvalidContext, Malformed, UnknownFlag
from flagsite_sdk.engine.model import Flag
from flagsite_sdk.engine.references import prerequisites_first, segments_first, usable
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

    def usable(self, key: str) -> Flag | None:
        """Return the flag's definition when it can be read, and all that it leans on."""
        flags = self.definitions.flags()
        try:
            return usable(key, flags, self.definitions.segments, prerequisites_first(key, flags)[1])
        except (UnknownFlag, Malformed):
            return None

    def prerequisites(self, key: str) -> list[str]:
        """Return the flags that a flag requires, all the way."""
        return prerequisites_first(key, self.definitions.flags())[0][:-1]

    def audiences(self, flag: Flag | None) -> dict[str, bytes]:
        """Return the segments that a usable flag reaches, as they were written."""
        reached = segments_first(flag, self.definitions.segments)[0] if flag else ()
        return {key: bytes(self.definitions.raw_segments[key]) for key in reached}

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
