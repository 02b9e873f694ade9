"""docs/explanation/life-of-a-change.md names files, classes and functions that are where it says."""

import ast

import pytest

from tests.docs.markdown import ROOT, page, quoted, rows

PAGE = page("docs/explanation/life-of-a-change.md")
STEPS = list(rows(PAGE.text))


def _names(path: str) -> set[str]:
    """What a module defines: its names, and those of its classes' members."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.Assign):
            found |= {ast.unparse(target) for target in node.targets}
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            members = (ast.FunctionDef, ast.AsyncFunctionDef)
            found |= {f"{node.name}.{member.name}" for member in node.body if isinstance(member, members)}
    return found


@pytest.mark.parametrize("step", [step for step in STEPS if step[1]], ids=lambda step: " ".join(step[1:3]))
def test_a_step_is_taken_where_the_page_says(step: list[str]) -> None:
    files, who = quoted(step[1]), quoted(step[2])
    assert files
    assert who
    for file in files:
        assert set(who) <= _names(file), file


def test_the_steps_are_counted_without_gaps() -> None:
    assert [int(step[0]) for step in STEPS] == list(range(1, len(STEPS) + 1))
