"""Flags to be read, in few words, and what a reading finds in them."""

from collections.abc import Mapping
from typing import Any

from flagsite_sdk.engine.definitions import Definitions

from flags.reading import Code, Finding, findings_in_flag, findings_in_segment
from sdk_python.tests.engine.environments import NOW, Json, boolean, compare, raws

US = compare("country", "equals", "US")
DE = compare("country", "equals", "DE")
EVERYONE = {"everyone": True}
HALVES = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}


def read(flag: Json, segments: Json | None = None, **others: Json) -> tuple[Finding, ...]:
    definitions = Definitions(raws({"f": flag, **others}), raws(segments or {}))
    return findings_in_flag("f", flags=definitions.flags(), segments=definitions.segments, now=NOW)


def of_segment(**segments: Json) -> tuple[Finding, ...]:
    definitions = Definitions({}, raws(segments))
    return findings_in_segment("s", segments=definitions.segments, now=NOW)


def ruled(*rules: Mapping[str, Any], **fields: Any) -> Json:
    """A flag with these rules, named r1, r2 …; the default rule lets in half."""
    named = [{"id": f"r{number}", "serve": {"variation": "on"}, **one} for number, one in enumerate(rules, 1)]
    return boolean(rules=named, rollout_percentage=50) | fields


def codes(findings: tuple[Finding, ...]) -> list[tuple[Code, str]]:
    return [(one.code, one.where) for one in findings]
