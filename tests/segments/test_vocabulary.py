"""Operators as the condition builder offers them."""

from flagsite_sdk.engine.operators import NEGATIONS, OPERATORS

from segments.vocabulary import KINDS, operators
from segments.wording import OPERATORS as WORDS

NAMED = {operator["name"]: operator for operator in operators()}


def test_every_operator_of_the_engine_is_offered_in_words() -> None:
    assert NAMED.keys() == OPERATORS.keys() | NEGATIONS.keys()
    assert NAMED.keys() == WORDS.keys(), "an operator without words is shown by its name"


def test_every_kind_of_attribute_has_operators_and_every_operator_fits_one() -> None:
    offered = {kind for operator in NAMED.values() for kind in operator["fits"]}
    assert offered == set(KINDS)
    assert all(operator["fits"] for operator in NAMED.values())


def test_the_inputs_follow_from_what_the_engine_takes() -> None:
    def takes(name: str) -> tuple[list[str], list[str], list[str]]:
        return NAMED[name]["one"], NAMED[name]["many"], NAMED[name]["choices"]

    assert takes("equals") == (["text", "number", "boolean"], [], [])
    assert takes("in") == ([], ["text", "number", "boolean"], [])
    assert takes("contains") == (["text"], ["text"], [])
    assert takes("gt") == (["number"], [], [])
    assert takes("before") == (["number", "time"], [], [])
    assert takes("within_last") == (["duration"], [], [])
    assert takes("in_current") == ([], [], ["day", "week", "month", "year"])
    assert takes("semver_gte") == (["version"], [], [])
    assert takes("ip_in") == (["address"], ["address"], [])
    assert takes("exists") == ([], [], [])


def test_an_operator_knows_its_opposite() -> None:
    assert NAMED["in"]["opposite"] == "not_in"
    assert NAMED["not_in"]["opposite"] == "in"
    assert NAMED["gt"]["opposite"] is None
