"""An explanation of the engine as a path that people can follow: stages, and within them conditions line by line.

Pure: the JSON of `flags.evaluation.explain` goes in, frozen rows come out. Nothing here is HTML, and nothing decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from segments.wording import condition_in_words, value_in_words

REASONS: Final[Mapping[str, str]] = {
    "OFF": "the flag is off",
    "PREREQUISITE_FAILED": "a prerequisite does not serve what is wanted",
    "TARGET_MATCH": "the id is targeted",
    "RULE_MATCH": "a rule decided",
    "FALLTHROUGH": "the default rule decided",
    "OUTSIDE_ROLLOUT": "the default rule's rollout does not reach this context",
}


@dataclass(frozen=True)
class Line:
    """One condition: how deep it stands, in words, how it came out, and what the context had (None: not told)."""

    depth: int
    text: str
    outcome: bool
    actual: str | None = None


@dataclass(frozen=True)
class Stage:
    """Something the flag looked at: what it is, what came of it, and why."""

    title: str
    outcome: str
    passed: bool
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()


def stages_of(explanation: Mapping[str, Any]) -> list[Stage]:
    """Return the stages of an explanation, in the order in which the flag looked at them."""
    return [_STAGES[step["step"]](step) for step in explanation["steps"]]


def _enabled(step: Mapping[str, Any]) -> Stage:
    return Stage("Is the flag on?", "on" if step["enabled"] else "off", step["enabled"])


def _prerequisite(step: Mapping[str, Any]) -> Stage:
    served = "nothing" if step["served"] is None else f'"{step["served"]}"'
    title = f'Prerequisite: "{step["flag"]}" must serve "{step["variation"]}"'
    return Stage(title, f"serves {served}", step["matched"])


def _targets(step: Mapping[str, Any]) -> Stage:
    outcome = f'serves "{step["variation"]}"' if step["matched"] else "no"
    return Stage("Is the id targeted?", outcome, step["matched"])


def _rule(step: Mapping[str, Any]) -> Stage:
    title = f'Rule {step["index"] + 1}: "{step["name"] or step["id"]}"'
    lines = tuple(_lines(step["if"]))
    if not step["matched"]:
        return Stage(title, "does not match", passed=False, lines=lines)
    return _served(title, step, lines)


def _default_rule(step: Mapping[str, Any]) -> Stage:
    return _served("Default rule", step, ())


def _served(title: str, step: Mapping[str, Any], lines: tuple[Line, ...]) -> Stage:
    inside = step["gate"]["inside"]
    outcome = f'serves "{step["variation"]}"' if inside and step["variation"] else "outside of the rollout"
    return Stage(title, outcome, bool(inside), lines, tuple(_notes(step)))


def _notes(step: Mapping[str, Any]) -> Iterator[str]:
    gate = step["gate"]
    if gate["bucket"] is None:
        yield f"Rollout {gate['percentage']} %: the context has no {gate['bucket_by']}, so it has no bucket."
    else:
        limit = round(gate["percentage"] * 1_000)
        verdict = "inside" if gate["inside"] else "outside"
        yield (
            f"Rollout {gate['percentage']} %: bucket {gate['bucket']:,} by {gate['bucket_by']} is {verdict}; "
            f"the first {limit:,} of 100,000 buckets are in."
        )
    if split := step.get("split"):
        shares = ", ".join(f'"{one["variation"]}" {one["from"]:,}-{one["to"] - 1:,}' for one in split["shares"])
        bucket = "no bucket" if split["bucket"] is None else f"bucket {split['bucket']:,}"
        yield f"Split by {split['bucket_by']}: {bucket}; {shares}."


def _lines(condition: Mapping[str, Any], depth: int = 0) -> Iterator[Line]:
    outcome = bool(condition["outcome"])
    if "all" in condition or "any" in condition:
        word, parts = ("all of", condition["all"]) if "all" in condition else ("any of", condition["any"])
        yield Line(depth, f"{word}:", outcome)
        for part in parts:
            yield from _lines(part, depth + 1)
    elif "not" in condition:
        yield Line(depth, "not:", outcome)
        yield from _lines(condition["not"], depth + 1)
    elif "segment" in condition:
        listed = "listed in" if condition["included"] else "listed out" if condition["excluded"] else "not listed"
        yield Line(depth, f"in the segment {condition['segment']}", outcome, f"the id is {listed}")
        if "if" in condition:
            yield from _lines(condition["if"], depth + 1)
    else:
        bare = {name: part for name, part in condition.items() if name not in {"actual", "outcome"}}
        yield Line(depth, condition_in_words(bare), outcome, _actual(condition))


def _actual(condition: Mapping[str, Any]) -> str | None:
    if "attribute" not in condition:
        return None
    actual = condition["actual"]
    return "it is missing" if actual is None else f"it is {value_in_words(actual)}"


_STAGES: Final = {
    "enabled": _enabled,
    "prerequisite": _prerequisite,
    "targets": _targets,
    "rule": _rule,
    "default_rule": _default_rule,
}
