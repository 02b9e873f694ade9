"""What a converter makes of another product's export: flags and segments as Flagsite's REST API takes them.

Knows Flagsite's shapes and nothing of the products. What cannot be carried is said, never dropped in silence.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from documents import Document

HELP = argparse.RawDescriptionHelpFormatter
BOOLEAN = [{"key": "on", "value": True}, {"key": "off", "value": False}]


class NotCarried(Exception):
    """A part of the export that Flagsite has no equal of; the message says which."""


@dataclass
class Carried:
    """Flags and segments to create, the names they had, and what a person has to look at."""

    segments: list[Document] = field(default_factory=list)
    flags: list[Document] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    segment_names: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def key(self, theirs: str) -> str:
        """Return our key for a flag's name, and remember the name."""
        return self._only(theirs, self.names)

    def segment_key(self, theirs: str) -> str:
        """Return our key for a segment's name, and remember the name."""
        return self._only(theirs, self.segment_names)

    @staticmethod
    def _only(theirs: str, names: dict[str, str]) -> str:
        ours = slug(theirs)
        if names.setdefault(ours, theirs) != theirs or not ours:
            raise SystemExit(f"{theirs!r} and {names[ours]!r} would get one key, {ours!r}: rename one of them.")
        return ours

    def leave_out(self, where: str, what: object) -> None:
        """Note something that is not carried."""
        self.left_out.append(f"{where}: {what}")


def slug(name: str) -> str:
    """Return a name as a key: lower case, and nothing but letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:128]


def typed(values: Sequence[Any], keys: Sequence[str] = ()) -> tuple[str, list[str], list[Document]]:
    """Return a flag's type by its values, each value's variation key (by position unless named), the variations."""
    if all(isinstance(value, bool) for value in values):
        return "boolean", ["on" if value else "off" for value in values], BOOLEAN
    if all(isinstance(value, str) for value in values):
        kind = "string"
    elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        kind = "number"
    else:
        kind = "json"
    names = list(keys) or [f"v{position}" for position in range(len(values))]
    return kind, names, [{"key": key, "value": value} for key, value in zip(names, values, strict=True)]


class Values:
    """The values that a flag may serve, each of them once, with their variations by position."""

    def __init__(self, values: Iterable[Any]) -> None:
        found = {json.dumps(value): value for value in values}  # for Python, 1 and True are one value
        self.type, names, self.variations = typed(list(found.values()))
        self.first = names[0]
        self._names = dict(zip(found, names, strict=True))

    def name(self, value: Any) -> str:
        """Return the key of a value's variation."""
        return self._names[json.dumps(value)]


def run(convert: Callable[[Any], Carried]) -> None:
    """Read the export that the command line names, print what becomes of it, and say what does not."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=HELP)
    parser.add_argument("export", type=Path, help="what the product before exports, as JSON")
    carried = convert(json.loads(parser.parse_args().export.read_text()))
    print(json.dumps(asdict(carried), indent=2, ensure_ascii=False))
    for sentence in carried.left_out:
        print(sentence, file=sys.stderr)
    print(f"{len(carried.flags)} flags, {len(carried.segments)} segments.", file=sys.stderr)
