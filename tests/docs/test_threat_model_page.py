"""The threat model names what shows each defence: tests that are there, and for each threat what remains."""

import ast
import re
from functools import cache

import pytest

from tests.docs.markdown import ROOT, page

MODEL = page("docs/explanation/threat-model.md")
THREATS = re.split(r"^## ", MODEL.text, flags=re.MULTILINE)
"""Its sections by their headings; the first of them are about assets, actors and boundaries."""
NAMED = re.findall(r"^- `([\w./]+)::(\w+)`$", MODEL.text, re.MULTILINE)
WANTED = (
    "Flag injection",
    "An unauthorised rollout",
    "Key theft",
    "A replayed stream",
    "A poisoned disk cache",
    "ReDoS",
    "SSRF by webhook",
    "Log leakage",
    "Spoofed proxy headers",
    "CSRF and XSS in the builder",
)


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


def test_every_test_that_it_names_is_there() -> None:
    assert len(NAMED) > 80
    assert [f"{file}::{name}" for file, name in NAMED if name not in names_in(file)] == []
    assert len(set(NAMED)) == len(NAMED)


def test_every_threat_has_a_test_and_says_what_remains() -> None:
    threats = THREATS[[section.startswith("STRIDE") for section in THREATS].index(True) + 1 :]
    assert len(threats) > 15
    for section in threats:
        heading = section.partition("\n")[0]
        assert section.count("**What remains.** ") == 1, heading
        assert re.search(r"^- `[\w./]+::test_\w+`$", section, re.MULTILINE), heading


@pytest.mark.parametrize("threat", WANTED)
def test_no_threat_that_was_asked_for_is_left_out(threat: str) -> None:
    assert any(section.startswith(f"{threat}\n") for section in THREATS)
