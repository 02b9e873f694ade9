"""What the documentation shows in Python compiles, and what it shows in JSON is JSON that the engine takes."""

import json
from typing import Any

import pytest
from flagsite_sdk.engine.snapshot import Snapshot
from flagsite_sdk.engine.wire import read_condition

from tests.docs.markdown import Block, pages

UNUSABLE_ON_PURPOSE = {"broken"}


def _shown_in(language: str) -> pytest.MarkDecorator:
    found = [(each.name, block) for each in pages() for block in each.blocks if block.language == language]
    return pytest.mark.parametrize(("name", "block"), found, ids=[f"{name}:{block.start}" for name, block in found])


def _documents(block: Block) -> list[Any]:
    """The JSON of a block: one document, or one on each line."""
    try:
        return [json.loads(block.text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in block.text.splitlines() if line.strip()]


@_shown_in("python")
def test_python_compiles(name: str, block: Block) -> None:
    compile(block.text.replace("…", "..."), name, "exec")  # what is left out is an ellipsis for Python too


@_shown_in("json")
def test_json_is_json_and_whole_snapshots_can_be_used(name: str, block: Block) -> None:
    for document in _documents(block):
        is_snapshot = isinstance(document, dict) and document.keys() == {"revision", "flags", "segments"}
        if is_snapshot and all(document["flags"].values()):  # an empty flag stands for any
            snapshot = Snapshot(clock=lambda: 0.0)
            snapshot.replace(json.dumps(document).encode())
            evaluations = snapshot.evaluate_all({"id": "user-123"})
            assert {key for key, found in evaluations.items() if found.error_code} <= UNUSABLE_ON_PURPOSE, name


@_shown_in("json")
def test_a_condition_can_be_used(name: str, block: Block) -> None:
    for document in _documents(block):
        if isinstance(document, dict) and len(document) == 1 and document.keys() & {"all", "any", "not"}:
            read_condition(document, name)
