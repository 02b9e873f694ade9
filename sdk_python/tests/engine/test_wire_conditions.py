"""Conditions, serves and segments: what is wrong with them is named, with its path."""

import math
from typing import Any

import pytest
from flagsite_sdk.engine import Malformed
from flagsite_sdk.engine.model import BUCKETS, Everyone, Serve, Share
from flagsite_sdk.engine.wire import read_condition, read_segment, read_serve

from sdk_python.tests.engine.environments import Json, compare

US = compare("country", "equals", "US")


def problems_of_condition(document: Any) -> dict[str, str]:
    with pytest.raises(Malformed) as caught:
        read_condition(document)
    return dict(caught.value.problems)


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        (None, "if"),
        ({}, "if"),
        ({"colour": 1}, "if.colour"),
        ({"all": []}, "if.all"),
        ({"any": "x"}, "if.any"),
        ({"not": []}, "if.not"),
        ({"everyone": False}, "if.everyone"),
        ({"everyone": 1}, "if.everyone"),
        ({"segment": "Not A Key"}, "if.segment"),
        ({"segment": "a", "all": [US]}, "if.all"),
        ({**US, "any": [US]}, "if.any"),
        ({"attribute": "a", "operator": "equals"}, "if.value"),
        ({"attribute": "a", "value": 1}, "if.operator"),
        ({"attribute": "", "operator": "exists"}, "if.attribute"),
        ({"attribute": 7, "operator": "exists"}, "if.attribute"),
        ({"attribute": "a", "operator": "exists", "value": 1}, "if.value"),
        ({"attribute": "a", "operator": "resembles", "value": 1}, "if.operator"),
        ({"attribute": "a", "operator": ["equals"], "value": 1}, "if.operator"),
        ({"attribute": "a", "operator": "equals", "value": None}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": [1]}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": {}}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": math.nan}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": "\ud800"}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": 1, "ignore_case": True}, "if.value"),
        ({"attribute": "a", "operator": "equals", "value": "x", "ignore_case": "yes"}, "if.ignore_case"),
        ({"attribute": "a", "operator": "gt", "value": 1, "ignore_case": True}, "if.ignore_case"),
        ({"attribute": "a", "operator": "in", "value": "x"}, "if.value"),
        ({"attribute": "a", "operator": "in", "value": []}, "if.value"),
        ({"attribute": "a", "operator": "in", "value": ["x", None]}, "if.value[1]"),
        ({"attribute": "a", "operator": "in", "value": ["x", ["y"]]}, "if.value[1]"),
        ({"attribute": "a", "operator": "in", "value": [1], "ignore_case": True}, "if.value"),
        ({"attribute": "a", "operator": "contains", "value": ""}, "if.value"),
        ({"attribute": "a", "operator": "contains", "value": []}, "if.value"),
        ({"attribute": "a", "operator": "contains", "value": ["x", ""]}, "if.value[1]"),
        ({"attribute": "a", "operator": "contains", "value": ["x", 1]}, "if.value[1]"),
        ({"attribute": "a", "operator": "regex", "value": ""}, "if.value"),
        ({"attribute": "a", "operator": "regex", "value": ["x"]}, "if.value"),
        ({"attribute": "a", "operator": "regex", "value": "(?=x)"}, "if.value"),
        ({"attribute": "a", "operator": "gt", "value": "1"}, "if.value"),
        ({"attribute": "a", "operator": "gt", "value": True}, "if.value"),
        ({"attribute": "a", "operator": "gt", "value": [1]}, "if.value"),
        ({"attribute": "a", "operator": "before", "value": "yesterday"}, "if.value"),
        ({"attribute": "a", "operator": "within_last", "value": "0d"}, "if.value"),
        ({"attribute": "a", "operator": "within_last", "value": 30}, "if.value"),
        ({"attribute": "a", "operator": "in_current", "value": "decade"}, "if.value"),
        ({"attribute": "a", "operator": "in_current", "value": ["day"]}, "if.value"),
        ({"attribute": "a", "operator": "semver_eq", "value": "v1"}, "if.value"),
        ({"attribute": "a", "operator": "ip_in", "value": "10.0.0.1/8"}, "if.value"),
        ({"attribute": "a", "operator": "ip_in", "value": "10.0.0.0/255.0.0.0"}, "if.value"),
        ({"attribute": "a", "operator": "ip_in", "value": "10.0.0.0/"}, "if.value"),
        ({"attribute": "a", "operator": "ip_in", "value": ["10.0.0.0/8", 7]}, "if.value[1]"),
        ({"attribute": "a", "operator": "ip_in", "value": "1" * 100}, "if.value"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_condition_is_named(condition: Any, path: str) -> None:
    assert path in problems_of_condition(condition)


def test_an_invalid_regular_expression_is_refused_with_the_reason_of_re2() -> None:
    found = problems_of_condition(compare("a", "regex", "(a"))
    assert found["if.value"] == "Not a regular expression of RE2: missing ): (a."


def test_conditions_may_be_twenty_levels_deep_and_no_deeper() -> None:
    condition: Json = {"everyone": True}
    for _ in range(19):
        condition = {"not": condition}
    read_condition(condition)
    assert "deeper than 20" in problems_of_condition({"not": condition})["if" + ".not" * 20]


def test_a_serve_on_its_own_may_name_any_variation_unless_told() -> None:
    assert read_serve({"variation": "red"}) == Serve(shares=(Share("red", BUCKETS),))
    with pytest.raises(Malformed):
        read_serve({"variation": "red"}, variations={"blue"})
    with pytest.raises(Malformed):
        read_serve({"variation": "Not A Key"})


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (7, ""),
        ({"colour": 1}, "colour"),
        ({"if": {}}, "if"),
        ({"included": "a"}, "included"),
        ({"included": ["a", "a"]}, "included[1]"),
        ({"excluded": [""]}, "excluded[0]"),
        ({"excluded": [7]}, "excluded[0]"),
    ],
)
def test_what_is_wrong_with_a_segment_is_named(document: Any, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_segment("s", document)
    assert path in dict(caught.value.problems)


def test_everyone_is_said_explicitly() -> None:
    assert read_condition({"everyone": True}) == Everyone()
