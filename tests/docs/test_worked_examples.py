"""Every line of the worked examples in docs/explanation/evaluation-strategy.md is decided as the page says."""

import json
import re
from typing import Any

import pytest
from flagsite_sdk.engine.bucketing import bucket
from flagsite_sdk.engine.errors import InvalidContext, Malformed, UnknownFlag
from flagsite_sdk.engine.snapshot import Snapshot, error_code

from tests.docs.markdown import Block, page, quoted, rows

PAGE = page("docs/explanation/evaluation-strategy.md")


def _examples() -> list[tuple[str, Any, list[str]]]:
    """The configuration above each table, and each row of the table."""
    found = []
    for block in _configurations():
        table = re.split(r"^#", PAGE.text[block.end :], maxsplit=1, flags=re.MULTILINE)[0]
        found += [(block.text, row[0], row[1:]) for row in rows(table)]
    return found


def _configurations() -> list[Block]:
    return [block for block in PAGE.blocks if block.language == "json"]


EXAMPLES = _examples()


@pytest.mark.parametrize(("configuration", "flag", "row"), EXAMPLES, ids=[row[-1] for _, _, row in EXAMPLES])
def test_a_worked_example_is_decided_as_the_page_says(configuration: str, flag: str, row: list[str]) -> None:
    key, context, wanted = quoted(flag)[0], json.loads(quoted(row[0])[0]), quoted(row[2])[0]
    snapshot = Snapshot(clock=lambda: 0.0)
    snapshot.replace(configuration.encode())
    compiled = snapshot.detail(key, context)
    reason = " ".join(filter(None, (compiled.reason, compiled.rule, compiled.error_code)))
    assert (compiled.variation, reason) == (next(iter(quoted(row[1])), None), wanted)
    if compiled.error_code is None:
        explained = snapshot.explain(key, context, now=0.0)
        assert (explained["variation"], explained["reason"]) == (compiled.variation, compiled.reason)
        return
    with pytest.raises((UnknownFlag, Malformed, InvalidContext)) as raised:
        snapshot.explain(key, context, now=0.0)
    assert error_code(raised.value) == compiled.error_code


def test_a_bucket_that_the_page_names_is_the_engine_s() -> None:
    named = [
        (quoted(row[0])[0], int(number.replace(",", "")))
        for _, _, row in EXAMPLES
        for number in re.findall(r"bucket is ([\d,]+\d)", row[3])
    ]
    assert len(named) == 2
    for context, number in named:
        assert bucket("worked-example", "rollout", json.loads(context)["company"]) == number


def test_there_are_examples_of_every_stage() -> None:
    reasons = {quoted(row[2])[0].split()[0] for _, _, row in EXAMPLES}
    assert reasons == {
        "ERROR",
        "OFF",
        "PREREQUISITE_FAILED",
        "TARGET_MATCH",
        "RULE_MATCH",
        "FALLTHROUGH",
        "OUTSIDE_ROLLOUT",
    }
