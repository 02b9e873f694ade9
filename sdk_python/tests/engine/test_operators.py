"""What JSON cannot say about operators and contexts: Python's own types."""

import math
import re
from collections import UserDict, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from flagsite_sdk.engine import Malformed
from flagsite_sdk.engine.evaluate import evaluate
from flagsite_sdk.engine.model import Prerequisite
from flagsite_sdk.engine.operators import NEGATIONS, OPERATORS
from flagsite_sdk.engine.references import components
from flagsite_sdk.engine.wire import read_flag

from sdk_python.tests.engine.environments import NOW, Json, boolean, by_compiled, by_reference, compare, holding, rule

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def holds(condition: Json, context: Any) -> bool:
    flags = {"f": boolean(fallthrough={"variation": "off"}, rules=[rule(condition)])}
    answer = by_compiled(holding(flags), "f", context)
    assert answer == by_reference(flags, {}, "f", context)
    assert answer[2] != "ERROR", answer
    return bool(answer[2] == "RULE_MATCH")


class Plan(StrEnum):
    PRO = "pro"


class Level(IntEnum):
    HIGH = 3


class Loud(str):
    __slots__ = ()


NOON = datetime.fromtimestamp(NOW, UTC)


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        (compare("a", "equals", "pro"), Plan.PRO, True),
        (compare("a", "equals", "pro"), Loud("pro"), True),
        (compare("a", "in", ["pro", "free"]), Plan.PRO, True),
        (compare("a", "equals", 3), Level.HIGH, True),
        (compare("a", "gte", 3), Level.HIGH, True),
        (compare("a", "equals", "b"), b"b", False),
        (compare("a", "equals", 1), Decimal(1), False),
        (compare("a", "gt", 1), Decimal(2), False),
        (compare("a", "equals", 1), 1 + 0j, False),
        (compare("a", "in", [1, "x"]), Decimal(1), False),
        (compare("a", "gt", 1), math.inf, True),
        (compare("a", "gt", 1), math.nan, False),
        (compare("a", "lte", 1), math.nan, False),
        (compare("a", "not_equals", 1), math.nan, True),
        (compare("a", "in", [1, "x"]), math.nan, False),
        (compare("a", "any_of", ["x"]), ("x",), True),
        (compare("a", "any_of", ["x"]), {"x"}, True),
        (compare("a", "all_of", ["x"]), frozenset("xy"), True),
        (compare("a", "any_of", ["x"]), {"x": 1}, False),
        (compare("a", "any_of", ["x"]), [{"x": 1}, None, "x"], True),
        (compare("a", "before", NOW), NOON - timedelta(seconds=1), True),
        (compare("a", "before", NOW), NOON.astimezone(timezone(timedelta(hours=5))), False),
        (compare("a", "after", NOW), NOON + timedelta(microseconds=1), True),
        (compare("a", "after", 0), NOON.replace(tzinfo=None), False),
        (compare("a", "after", 0), NOON.date(), False),
        (compare("a", "after", 0), math.inf, False),
        (compare("a", "before", 0), math.nan, False),
        (compare("a", "within_last", "1h"), NOON - timedelta(minutes=59), True),
        (compare("a", "in_current", "day"), NOON, True),
        (compare("a", "after", 0), "2026-11-22T12:00:00." + "0" * 60 + "Z", False),
        (compare("a", "semver_gte", "1"), "1." + "9" * 200, False),
        (compare("a", "ip_in", "::/0"), "1:" * 40, False),
        (compare("a", "ip_in", "fe80::/10"), "fe80::1%eth0", True),
        (compare("a", "exists"), math.nan, True),
    ],
)
def test_python_types_are_what_they_are(condition: Json, value: Any, expected: bool) -> None:
    assert holds(condition, {"id": "alice", "a": value}) is expected


@pytest.mark.parametrize(
    "context",
    [
        MappingProxyType({"id": "alice", "o": {"p": 1}}),
        UserDict({"id": "alice", "o": UserDict({"p": 1})}),
        defaultdict(dict, {"id": "alice", "o": {"p": 1}}),
        {"id": Loud("alice"), "o": MappingProxyType({"p": 1})},
    ],
    ids=lambda context: type(context).__name__,
)
def test_any_mapping_is_a_context(context: Any) -> None:
    assert holds(compare("o.p", "equals", 1), context)
    assert not holds(compare("q.r", "exists"), context)
    assert "q" not in context


class Almost:
    """Answers like a mapping without being one."""

    def __getitem__(self, _name: str) -> str:
        return "alice"

    def get(self, _name: str) -> str:
        return "alice"


@pytest.mark.parametrize(
    "context",
    [None, 7, "id", ["id"], {"id"}, Almost(), {}, {"id": None}, {"id": 7}, {"id": b"a"}],
    ids=lambda context: type(context).__name__,
)
def test_what_is_no_context_is_an_error(context: Any) -> None:
    flags = {"f": boolean()}
    answer = by_compiled(holding(flags), "f", context)
    assert answer == by_reference(flags, {}, "f", context)
    assert answer[4] == "INVALID_CONTEXT"


def test_the_last_year_that_python_knows_has_an_end() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    for unit in ("day", "week", "month", "year"):
        flags = {"f": boolean(fallthrough={"variation": "off"}, rules=[rule(compare("a", "in_current", unit))])}
        assert by_compiled(holding(flags, now=last), "f", {"id": "a", "a": last})[2] == "RULE_MATCH"


def test_an_operator_and_its_negation_are_never_both_true_nor_both_false() -> None:
    values: list[Any] = [None, "", "a", 1, True, [], ["a"], {}, "10.0.0.1", math.nan]
    for negated, operator in NEGATIONS.items():
        operand = {"in": ["a"], "any_of": ["a"], "ip_in": "10.0.0.1", "exists": None}.get(operator.name, "a")
        for value in values:
            context = {"id": "alice", "a": value}
            assert holds(compare("a", operator.name, operand), context) is not holds(
                compare("a", negated, operand), context
            )


def test_the_reference_lists_exactly_the_operators_of_the_table() -> None:
    page = (DOCS / "operators.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (?:`([a-z_]+)`|—) \| ([^|]+) \| ([^|]+) \| (yes|—) \|", page, re.MULTILINE)
    listed = {
        name: (negation or None, attribute, operand, folds == "yes")
        for name, negation, attribute, operand, folds in rows
    }
    table = {one.name: (one.negation, one.attribute, one.operand, one.folds) for one in OPERATORS.values()}
    assert listed == table


def test_components_come_after_what_they_lean_on() -> None:
    edges = {"a": ["b", "c"], "b": ["d"], "c": ["d", "e"], "d": ["b"], "e": []}
    assert [set(one) for one in components(["a", "e"], edges.__getitem__)] == [{"b", "d"}, {"e"}, {"c"}, {"a"}]


def test_a_malformed_definition_names_each_problem_in_its_text() -> None:
    with pytest.raises(Malformed, match=r"rules: There is no segment 'none'\."):
        holding({"f": boolean(rules=[rule({"segment": "none"})])}).table["f"]({"id": "a"})


def test_a_flag_made_by_hand_that_is_its_own_prerequisite_is_malformed() -> None:
    flag = read_flag("f", boolean(prerequisites=[{"flag": "g", "variation": "on"}]))
    alone = msgspec.structs.replace(flag, prerequisites=(Prerequisite("f", "on"),))
    with pytest.raises(Malformed, match="its own prerequisite"):
        evaluate("f", {"id": "alice"}, flags={"f": alone}, segments={}, now=NOW)
