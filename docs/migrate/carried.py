"""What a converter makes of another product's export: flags and segments as Flagsite's REST API takes them.

Knows Flagsite's shapes and nothing of the products. What cannot be carried is said, never dropped in silence.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Document = dict[str, Any]

EVERYONE: Document = {"everyone": True}
BOOLEAN = [{"key": "on", "value": True}, {"key": "off", "value": False}]


class NotCarried(Exception):
    """A part of the export that Flagsite has no equal of; the message says which."""


@dataclass
class Carried:
    """Flags and segments to create, the names they had, and what a person has to look at."""

    segments: list[Document] = field(default_factory=list)
    flags: list[Document] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def key(self, theirs: str) -> str:
        """Return our key for a flag's name, and remember the name."""
        ours = slug(theirs)
        if self.names.setdefault(ours, theirs) != theirs or not ours:
            raise SystemExit(f"{theirs!r} and {self.names[ours]!r} would get one key, {ours!r}: rename one of them.")
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


def all_of(conditions: Sequence[Document]) -> Document:
    """Return the condition that all of them hold; everyone when there are none."""
    return joined("all", conditions)


def any_of(conditions: Sequence[Document]) -> Document:
    """Return the condition that one of them holds."""
    return joined("any", conditions)


def joined(how: str, conditions: Sequence[Document]) -> Document:
    """Return conditions joined by all or any; one alone stays as it is."""
    if not conditions:
        return EVERYONE
    return conditions[0] if len(conditions) == 1 else {how: list(conditions)}


def negated(condition: Document) -> Document:
    """Return the condition that this one does not hold."""
    return {"not": condition}


def compared(attribute: str, operator: str, value: Any = None, *, ignore_case: bool = False) -> Document:
    """Return a comparison."""
    found: Document = {"attribute": attribute, "operator": operator}
    if operator not in {"exists", "not_exists"}:
        found["value"] = value
    return {**found, "ignore_case": True} if ignore_case else found


def divided(weights: Sequence[tuple[str, float]], bucket_by: str = "id") -> Document:
    """Return the serve that divides contexts by weights, which add up to 100; the last one takes what is rounded."""
    rounded = [(variation, round(weight, 3)) for variation, weight in weights if weight > 0]
    serve: Document = {"variation": rounded[0][0]}
    if len(rounded) > 1:
        rest = round(100 - sum(weight for _, weight in rounded[:-1]), 3)
        rounded[-1] = (rounded[-1][0], rest)
        serve = {"split": [{"variation": variation, "weight": weight} for variation, weight in rounded]}
    return serve if bucket_by == "id" else {**serve, "bucket_by": bucket_by}


def run(convert: Callable[[Any], Carried]) -> None:
    """Read the export that the command line names, print what becomes of it, and say what does not."""
    carried = convert(json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(asdict(carried), indent=2, ensure_ascii=False))
    for sentence in carried.left_out:
        print(sentence, file=sys.stderr)
    print(f"{len(carried.flags)} flags, {len(carried.segments)} segments.", file=sys.stderr)
