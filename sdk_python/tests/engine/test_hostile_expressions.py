"""Regular expressions and texts made to be slow are decided in linear time, or refused when they are written."""

import re
import time

import pytest
from flagsite_sdk.engine.wire import read_condition

from sdk_python.tests.engine.environments import boolean, by_compiled, by_reference, compare, holding, rule

SLOW = ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$"]
LENGTH = 50_000
PATIENCE = 1.0  # seconds of CPU; it takes milliseconds


def test_one_of_them_is_slow_for_python_s_own_expressions() -> None:
    """Each further letter doubles the time: at the length below it would outlive us."""
    began = time.process_time()
    assert re.search(SLOW[0], "a" * 12 + "!") is None
    short = time.process_time()
    assert re.search(SLOW[0], "a" * 20 + "!") is None
    assert time.process_time() - short > 16 * (short - began)


@pytest.mark.parametrize("pattern", SLOW)
def test_an_expression_that_is_slow_elsewhere_is_quick_here(pattern: str) -> None:
    flags = {"f": boolean(fallthrough={"variation": "off"}, rules=[rule(compare("text", "regex", pattern))])}
    context = {"id": "ann", "text": "a" * LENGTH + "!"}
    began = time.process_time()
    assert by_compiled(holding(flags), "f", context) == by_reference(flags, {}, "f", context)
    assert time.process_time() - began < PATIENCE


@pytest.mark.parametrize("pattern", ["(a{1000}){1000}", "((a{1,900}){1,900}){1,900}", r"(a)\1", "(?=a)b", "(?<!a)b"])
def test_what_cannot_be_decided_in_linear_time_is_refused_when_it_is_written(pattern: str) -> None:
    with pytest.raises(Exception, match="Not a regular expression of RE2"):
        read_condition(compare("text", "regex", pattern), "if")


def test_an_expression_that_is_almost_too_large_is_decided_like_any_other() -> None:
    """RE2 takes it by itself, and refuses it as a part of a set, which is how expressions are decided quickly."""
    large = rule(compare("text", "regex", r"^\pL{1,200}@\pL{1,200}$"))
    flags = {
        "f": boolean(fallthrough={"variation": "off"}, rules=[large]),
        "needs-f": boolean(prerequisites=[{"flag": "f", "variation": "on"}]),
    }
    for text, reason in (("é" * 200 + "@ü", "RULE_MATCH"), ("1@a", "FALLTHROUGH"), ("\ud800@a", "FALLTHROUGH")):
        context = {"id": "ann", "text": text}
        assert by_compiled(holding(flags), "f", context)[2] == reason
        for key in flags:
            assert by_compiled(holding(flags), key, context) == by_reference(flags, {}, key, context)
