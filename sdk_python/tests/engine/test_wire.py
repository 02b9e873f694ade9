"""JSON to model and back: nothing unusable gets through, and everything wrong is said at once."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from flagsite_sdk.engine import Malformed
from flagsite_sdk.engine.model import BUCKETS
from flagsite_sdk.engine.wire import (
    read_condition,
    read_flag,
    read_segment,
    read_serve,
    write_condition,
    write_flag,
    write_segment,
    write_serve,
)
from flagsite_sdk.engine.wire.reading import DEEPEST_VALUE
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk_python.tests.engine.environments import Json, boolean, compare, environments, rule

US = compare("country", "equals", "US")


def problems(document: Any, key: Any = "flag") -> dict[str, str]:
    with pytest.raises(Malformed) as caught:
        read_flag(key, document)
    assert str(caught.value)
    return dict(caught.value.problems)


@settings(max_examples=25)
@given(environments(sound=True))
def test_what_is_written_is_read_as_the_same(environment: tuple[Json, Json]) -> None:
    flags, segments = environment
    for key, document in flags.items():
        flag = read_flag(key, document)
        assert read_flag(key, json.loads(json.dumps(write_flag(flag)))) == flag
        for one in flag.rules:
            assert read_condition(write_condition(one.condition)) == one.condition
            assert read_serve(write_serve(one.serve)) == one.serve
    for key, document in segments.items():
        segment = read_segment(key, document)
        assert read_segment(key, json.loads(json.dumps(write_segment(segment)))) == segment


def read_or_refuse(read: Callable[[], Any]) -> None:
    """Nothing but Malformed may come out of a reader, and never without a problem."""
    with suppress(Malformed):
        read()
        return
    with pytest.raises(Malformed, match=r"."):
        read()


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
WORDS = """
    type enabled variations key value rules id if all any not attribute operator serve split weight variation ids
    targets prerequisites flag segment hash salt off_variation fallthrough rollout_percentage bucket_by included
    everyone
"""
names = st.sampled_from(WORDS.split())
documents = st.recursive(
    scalars,
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(st.one_of(names, st.text(max_size=3)), parts)),
    max_leaves=25,
)


@settings(max_examples=80)
@given(st.one_of(documents, st.dictionaries(names, documents)))
def test_no_document_crashes_the_reader(document: Any) -> None:
    for read in (lambda: read_flag("flag", document), lambda: read_segment("s", document)):
        read_or_refuse(read)
    for loose in (read_condition, read_serve):
        read_or_refuse(partial(loose, document))


@settings(max_examples=40)
@given(st.data())
def test_a_flag_with_one_thing_replaced_is_read_or_refused(data: st.DataObject) -> None:
    flags, _ = data.draw(environments(sound=True))
    flag = flags["f3"]
    place: Any = flag
    while isinstance(place, dict | list) and place:
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[name], dict | list) or data.draw(st.booleans()):
            place[name] = data.draw(documents)
            break
        place = place[name]
    read_or_refuse(lambda: read_flag("f3", flag))


def test_every_problem_is_reported_with_its_path() -> None:
    found = problems(
        boolean(
            enabled="yes",
            colour="red",
            off_variation="maybe",
            rollout_percentage=100.5,
            fallthrough={"split": [{"variation": "on", "weight": 60}, {"variation": "off", "weight": 39.999}]},
            rules=[
                rule({"all": [US, compare("age", "gt", "18")]}, {"variation": "purple"}),
                {"id": "rule", "if": {"any": []}, "serve": {"variation": "on"}, "rollout_percentage": 0.0001},
            ],
        ),
        key="Not A Key",
    )
    assert found == {
        "key": found["key"],
        "colour": "Is not a known field.",
        "enabled": "Must be true or false.",
        "off_variation": "Is not one of the flag's variations: 'maybe'.",
        "fallthrough.split": "The weights must add up to 100, not 99.999.",
        "rollout_percentage": "Must be a percentage from 0 to 100.",
        "rules[0].if.all[1].value": "Must be a number.",
        "rules[0].serve.variation": "Is not one of the flag's variations: 'purple'.",
        "rules[1].id": "Another rule has the id 'rule'.",
        "rules[1].if.any": "The list must not be empty.",
        "rules[1].rollout_percentage": "A percentage has at most three decimals.",
    }


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "colour"}, "type"),
        ({"type": ["boolean"]}, "type"),
        ({"hash": "md5"}, "hash"),
        ({"hash": None}, "hash"),
        ({"salt": ""}, "salt"),
        ({"salt": 7}, "salt"),
        ({"salt": "\ud800"}, "salt"),
        ({"variations": []}, "variations"),
        ({"variations": {}}, "variations"),
        ({"variations": [7]}, "variations[0]"),
        ({"variations": [{"key": "on"}]}, "variations[0].value"),
        ({"variations": [{"value": True}]}, "variations[0].key"),
        ({"variations": [{"key": "on", "value": 1}]}, "variations[0].value"),
        ({"variations": [{"key": "on", "value": True}, {"key": "on", "value": False}]}, "variations[1].key"),
        ({"variations": [{"key": "On", "value": True}]}, "variations[0].key"),
        ({"off_variation": None}, "off_variation"),
        ({"off_variation": ["on"]}, "off_variation"),
        ({"fallthrough": None}, "fallthrough"),
        ({"fallthrough": {}}, "fallthrough"),
        ({"fallthrough": {"variation": "on", "split": []}}, "fallthrough.variation"),
        ({"fallthrough": {"split": []}}, "fallthrough.split"),
        ({"fallthrough": {"split": [{"variation": "on"}]}}, "fallthrough.split[0].weight"),
        ({"fallthrough": {"split": [{"weight": 100}]}}, "fallthrough.split[0].variation"),
        ({"fallthrough": {"split": [{"variation": "on", "weight": 50}] * 2}}, "fallthrough.split[1].variation"),
        ({"fallthrough": {"split": [{"variation": "on", "weight": math.nan}]}}, "fallthrough.split[0].weight"),
        ({"fallthrough": {"variation": "on", "bucket_by": ""}}, "fallthrough.bucket_by"),
        ({"rollout_percentage": -1}, "rollout_percentage"),
        ({"rollout_percentage": True}, "rollout_percentage"),
        ({"rollout_percentage": "50"}, "rollout_percentage"),
        ({"rollout_percentage": math.nan}, "rollout_percentage"),
        ({"rollout_percentage": math.inf}, "rollout_percentage"),
        ({"rollout_percentage": 33.3333}, "rollout_percentage"),
        ({"targets": "alice"}, "targets"),
        ({"targets": [{"variation": "red", "ids": ["a"]}]}, "targets[0].variation"),
        ({"targets": [{"ids": ["a"]}]}, "targets[0].variation"),
        ({"targets": [{"variation": "on"}]}, "targets[0].ids"),
        ({"targets": [{"variation": "on", "ids": []}]}, "targets[0].ids"),
        ({"targets": [{"variation": "on", "ids": [""]}]}, "targets[0].ids[0]"),
        ({"targets": [{"variation": "on", "ids": [7]}]}, "targets[0].ids[0]"),
        ({"targets": [{"variation": "on", "ids": ["a"]}, {"variation": "off", "ids": ["a"]}]}, "targets[1].ids[0]"),
        ({"prerequisites": [{"flag": "a"}]}, "prerequisites[0].variation"),
        ({"prerequisites": [{"variation": "on"}]}, "prerequisites[0].flag"),
        ({"prerequisites": [{"flag": "A", "variation": "on"}]}, "prerequisites[0].flag"),
        ({"prerequisites": [{"flag": "flag", "variation": "on"}]}, "prerequisites[0].flag"),
        ({"prerequisites": [{"flag": "a", "variation": "on"}] * 2}, "prerequisites[1].flag"),
        ({"rules": [{}]}, "rules[0].id"),
        ({"rules": [{"id": "a", "serve": {"variation": "on"}}]}, "rules[0].if"),
        ({"rules": [{"id": "a", "if": US}]}, "rules[0].serve"),
        ({"rules": [rule(US, name=7)]}, "rules[0].name"),
        ({"rules": [rule(US, id="A")]}, "rules[0].id"),
        ({"rules": [7]}, "rules[0]"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_flag_is_named(change: Json, path: str) -> None:
    assert path in problems(boolean(**change))


@pytest.mark.parametrize(
    ("operator", "value", "at", "words"),
    [
        ("gt", None, "", "Must be a number."),
        ("lte", {}, "", "Must be a number."),
        ("contains", None, "", "Must be text."),
        ("contains", ["a", None], "[1]", "Must be text."),
        ("in", None, "", "Must be a list."),
        ("in", ["a", {}], "[1]", "Must be text, a number or a boolean."),
        ("within_last", None, "", "Must be a duration such as 30d, 12h, 15m, 2w or 45s."),
        ("semver_gt", None, "", "Must be a semantic version such as 1.4.0-beta.2."),
        ("equals", math.nan, "", "Must be text, a finite number, a boolean or a list of them, as the operator asks."),
    ],
)
def test_where_no_value_is_the_operator_says_what_it_takes(operator: str, value: Any, at: str, words: str) -> None:
    found = problems(boolean(rules=[rule({"attribute": "age", "operator": operator, "value": value})]))
    assert found == {f"rules[0].if.value{at}": words}


@pytest.mark.parametrize("missing", ["type", "enabled", "hash", "salt", "variations", "off_variation", "fallthrough"])
def test_what_is_missing_in_a_flag_is_named(missing: str) -> None:
    document = boolean()
    del document[missing]
    assert problems(document)[missing] == "Is missing."


@pytest.mark.parametrize("document", [None, 7, "flag", [], {}])
def test_what_is_no_flag_at_all_is_refused(document: Any) -> None:
    assert problems(document)


def test_hostile_depth_overflows_no_stack() -> None:
    condition: Json = {"everyone": True}
    value: Any = []
    for _ in range(100_000):
        condition = {"all": [condition]}
        value = [value]
    assert problems(boolean(rules=[rule(condition)]))
    deep = boolean(type="json", variations=[{"key": "on", "value": value}, {"key": "off", "value": 1}])
    assert "nested deeper" in problems(deep)["variations[0].value"]
    while isinstance(value, list) and value:  # Python itself frees deep lists by recursion
        value = value.pop()
    while "all" in condition:
        condition = condition["all"].pop()


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", {1: 2}, {"a": {"\udfff": 1}}, object(), [[-math.inf]]])
def test_a_json_variation_has_to_be_json(value: Any) -> None:
    found = problems(boolean(type="json", variations=[{"key": "on", "value": value}, {"key": "off", "value": 1}]))
    assert set(found) == {"variations[0].value"}


def test_a_json_variation_may_be_as_deep_as_the_limit() -> None:
    value: Any = 1
    for _ in range(DEEPEST_VALUE - 1):
        value = {"a": value}
    read_flag("f", boolean(type="json", variations=[{"key": "on", "value": value}, {"key": "off", "value": "ü"}]))


def test_percentages_are_whole_buckets() -> None:
    document = boolean(
        rollout_percentage=0.001,
        fallthrough={"split": [{"variation": "on", "weight": 33.333}, {"variation": "off", "weight": 66.667}]},
    )
    flag = read_flag("f", document)
    assert flag.rollout == 1
    assert [share.buckets for share in flag.fallthrough.shares] == [33_333, 66_667]
    assert write_flag(flag)["rollout_percentage"] == 0.001
    assert all(read_flag("f", boolean(rollout_percentage=n / 1_000)).rollout == n for n in range(0, BUCKETS, 77))
