"""A flag's state as cards that are read and not changed: what viewers get in place of the editor.

Pure: the document of a state goes in, frozen rows come out. The words are those of `segments.wording`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segments.wording import condition_in_words

MAX_IDS = 100
"""Targeted ids that are named; the rest is counted."""
COLOURS = 10
"""Variations are told apart by so many colours, by their places; the editor's scripts use the same."""


@dataclass(frozen=True)
class Variation:
    """A variation as it is named everywhere: `Plain (plain)`, with the colour of its place."""

    key: str
    words: str
    colour: str


@dataclass(frozen=True)
class Share:
    """One variation of what is served, and its weight (None: it is served alone)."""

    variation: Variation
    weight: float | None = None


@dataclass(frozen=True)
class Line:
    """A line of a condition: how deep it stands, and AND, OR, NOT or nothing before it."""

    depth: int
    join: str
    text: str


@dataclass(frozen=True)
class Decision:
    """A rule, or the default rule: when, what it serves, to whom of them."""

    title: str
    lines: tuple[Line, ...]
    shares: tuple[Share, ...]
    percentage: float
    bucket_by: str


@dataclass(frozen=True)
class Target:
    """The ids that always get a variation."""

    variation: Variation
    first: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class StateCards:
    """Everything that one environment's tab shows."""

    enabled: bool
    off: Variation
    prerequisites: tuple[tuple[str, str], ...]
    targets: tuple[Target, ...]
    rules: tuple[Decision, ...]
    default: Decision


def cards_of(document: Mapping[str, Any], variations: Sequence[Mapping[str, Any]]) -> StateCards:
    """Return the cards of a state whose flag has these variations, names included."""
    named = named_variations(variations)
    return StateCards(
        enabled=document["enabled"],
        off=_named(named, document["off_variation"]),
        prerequisites=tuple((one["flag"], one["variation"]) for one in document["prerequisites"]),
        targets=tuple(
            Target(_named(named, one["variation"]), tuple(one["ids"][:MAX_IDS]), max(0, len(one["ids"]) - MAX_IDS))
            for one in document["targets"]
        ),
        rules=tuple(
            _decision(
                f"Rule {number}" + (f": {rule['name']}" if rule.get("name") else ""),
                tuple(_lines(rule["if"])),
                rule["serve"],
                rule.get("rollout_percentage", 100),
                named,
            )
            for number, rule in enumerate(document["rules"], start=1)
        ),
        default=_decision("Everybody else", (), document["fallthrough"], document["rollout_percentage"], named),
    )


def named_variations(variations: Sequence[Mapping[str, Any]]) -> dict[str, Variation]:
    """Return the variations by their keys."""
    return {
        one["key"]: Variation(
            one["key"], f"{one['name']} ({one['key']})" if one.get("name") else one["key"], str(place % COLOURS)
        )
        for place, one in enumerate(variations)
    }


def _named(named: Mapping[str, Variation], key: str) -> Variation:
    return named.get(key) or Variation(key, key, "none")


def _decision(
    title: str, lines: tuple[Line, ...], serve: Mapping[str, Any], percentage: float, named: Mapping[str, Variation]
) -> Decision:
    if "split" in serve:
        shares = tuple(Share(_named(named, one["variation"]), one["weight"]) for one in serve["split"])
    else:
        shares = (Share(_named(named, serve["variation"])),)
    return Decision(title, lines, shares, percentage, serve.get("bucket_by", "id"))


def _lines(condition: Any, depth: int = 0, join: str = "") -> Iterator[Line]:
    match condition:
        case {"all": [*parts]} | {"any": [*parts]} if parts:
            word = "AND" if "all" in condition else "OR"
            heading = "all of these are true:" if word == "AND" else "at least one of these is true:"
            yield Line(depth, join, heading if depth else heading.capitalize())
            for place, part in enumerate(parts):
                yield from _lines(part, depth + 1, word if place else "")
        case {"not": {"all": _} | {"any": _} as inner}:
            yield Line(depth, join, "it is not so that")
            yield from _lines(inner, depth + 1)
        case _:
            yield Line(depth, join, condition_in_words(condition))
