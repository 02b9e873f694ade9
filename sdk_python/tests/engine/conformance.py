"""Loads the shared cases: one environment, one question and one answer each. The server's tests use it too."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "conformance"


@dataclass(frozen=True)
class Case:
    """One case, whichever way it was written down.

    `expect` is `{variation, value, reason, rule}` or `{error}`.
    """

    name: str
    sentence: str
    flag: str
    flags: dict[str, Any]
    segments: dict[str, Any]
    context: Any
    now: float
    expect: dict[str, Any]

    @property
    def snapshot(self) -> dict[str, Any]:
        return {"revision": 1, "flags": self.flags, "segments": self.segments}


def documents() -> list[tuple[str, dict[str, Any]]]:
    """Every case as it is written, with a name."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
        found += [(f"{path.stem}-{number}", case) for number, case in enumerate(cases)]
    return found


def cases() -> list[Case]:
    """Every case about a condition or a decision."""
    return [_case(name, document) for name, document in documents() if "bucket" not in document]


def buckets() -> list[dict[str, Any]]:
    """Every case about a bucket."""
    return [document for _, document in documents() if "bucket" in document]


def _case(name: str, document: dict[str, Any]) -> Case:
    if "condition" in document:
        flags = {"flag": _asking(document["condition"])}
        expect = _MATCHED if document["matches"] else _NOT_MATCHED
    else:
        flags, expect = document["flags"], document["expect"]
    return Case(
        name=name,
        sentence=document["sentence"],
        flag=document.get("flag", "flag"),
        flags=flags,
        segments=document.get("segments", {}),
        context=document["context"],
        now=document.get("now", 0),
        expect=expect,
    )


_MATCHED = {"variation": "on", "value": True, "reason": "RULE_MATCH", "rule": "rule"}
_NOT_MATCHED = {"variation": "off", "value": False, "reason": "FALLTHROUGH", "rule": None}


def _asking(condition: Any) -> dict[str, Any]:
    return {
        "type": "boolean",
        "enabled": True,
        "hash": "xxh3",
        "salt": "salt",
        "variations": [{"key": "on", "value": True}, {"key": "off", "value": False}],
        "off_variation": "off",
        "fallthrough": {"variation": "off"},
        "rules": [{"id": "rule", "if": condition, "serve": {"variation": "on"}}],
    }
