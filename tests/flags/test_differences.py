"""flags.differences and segments.wording: what changed, in sentences. Pure, so nothing here needs a database."""

import copy
from typing import Any

import pytest
from flagsite_sdk.engine.operators import OPERATORS
from hypothesis import given
from hypothesis import strategies as st

from flags.differences import Kind, flag_changes, segment_changes
from flags.differences.lists import moved
from flagsite.lib.canonical import same
from segments.wording import OPERATORS as IN_WORDS
from segments.wording import condition_in_words
from tests.flags.builders import Json, equals, rule, split

BASE: Json = {
    "type": "boolean",
    "enabled": True,
    "hash": "xxh3",
    "salt": "salt",
    "variations": [{"key": "on", "value": True}, {"key": "off", "value": False}],
    "off_variation": "off",
    "fallthrough": {"variation": "on"},
    "rollout_percentage": 10,
    "targets": [{"variation": "on", "ids": ["ann", "ben"]}],
    "prerequisites": [{"flag": "basket", "variation": "on"}],
    "rules": [
        rule(equals("country", "US"), id="us", name="Americans"),
        rule({"everyone": True}, id="rest", rollout_percentage=5),
    ],
}
AMERICANS, REST = BASE["rules"]


def told(after: Json | None, before: Json | None = BASE) -> list[str]:
    return [change.sentence for change in flag_changes(before, after)]


def of_segment(before: Json | None, after: Json | None) -> list[str]:
    return [change.sentence for change in segment_changes(before, after)]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        ({"enabled": False}, ["Turned off."]),
        ({"rollout_percentage": 50}, ["Rollout 10 % → 50 %."]),
        ({"rollout_percentage": 0.125}, ["Rollout 10 % → 0.125 %."]),
        ({"off_variation": "on"}, ['When off, serves "off" → "on".']),
        (
            {"fallthrough": split(on=33.333, off=66.667)},
            ['The default rule serves "on" → "on" 33.333 % and "off" 66.667 %.'],
        ),
        (
            {"fallthrough": {"variation": "on", "bucket_by": "org.id"}},
            ['The default rule serves "on" → "on", by org.id.'],
        ),
        ({"salt": "new"}, ["The salt changed: everybody is reshuffled into new buckets for rollouts and splits."]),
        ({"targets": []}, ['2 ids no longer targeted to "on": ann, ben.']),
        (
            {"targets": [{"variation": "on", "ids": ["ben"]}, {"variation": "off", "ids": ["ann"]}]},
            ['1 id no longer targeted to "on": ann.', '1 id now targeted to "off": ann.'],
        ),
        ({"targets": [{"variation": "on", "ids": ["ben", "ann"]}]}, ["Targets are listed in another order."]),
        ({"prerequisites": []}, ['Prerequisite "basket" removed (it had to serve "on").']),
        (
            {"prerequisites": [{"flag": "basket", "variation": "off"}]},
            ['Prerequisite "basket" must serve "on" → "off".'],
        ),
        (
            {"variations": [{"key": "on", "value": 1}, {"key": "third", "value": "a b"}]},
            [
                'Variation "off" removed.',
                'Variation "on": value true → 1.',
                'Variation "third" added, with the value "a b".',
            ],
        ),
        (
            {"rules": [AMERICANS]},
            ['Rule "rest" removed from position 2. It was: if everyone, for 5 % of them, serve "on".'],
        ),
        ({"rules": [REST, AMERICANS]}, ['Rule "rest" moved from position 2 to 1.']),
        (
            {"rules": [AMERICANS, REST, rule(equals("plan", "pro"), "off", id="pro")]},
            ['Rule "pro" added at position 3: if plan is pro, serve "off".'],
        ),
        (
            {"rules": [{**AMERICANS, "name": "USA", "rollout_percentage": 50, "if": equals("country", "CA")}, REST]},
            [
                'Rule "Americans": condition country is US → country is CA.',
                'Rule "Americans" renamed "Americans" → "USA".',
                'Rule "Americans": rollout 100 % → 50 %.',
            ],
        ),
        ({"rules": [{**AMERICANS, "serve": {"variation": "off"}}, REST]}, ['Rule "Americans" serves "on" → "off".']),
        ({"colour": "red"}, ["colour nothing → red."]),
        ({"rollout_percentage": 10.0}, ["Rollout 10 %: changed in details that are not written out here."]),
    ],
)
def test_a_change_of_a_flag_is_told(changed: Json, sentences: list[str]) -> None:
    assert told(BASE | changed) == sentences


def test_a_flag_comes_and_goes() -> None:
    assert told(BASE, None) == ['Created: turned on, the default rule serves "on", rollout 10 %, 2 rules.']
    assert told(None) == ["Deleted."]
    assert told(None, None) == []


def test_several_changes_stand_in_the_order_in_which_one_reads_a_flag() -> None:
    changed = BASE | {"rules": [], "enabled": False, "salt": "x", "rollout_percentage": 0}
    kinds = [change.kind for change in flag_changes(BASE, changed)]
    assert kinds == [Kind.TURNED_OFF, Kind.CHANGED, Kind.RESHUFFLED, Kind.REMOVED, Kind.REMOVED]


def test_rules_of_the_same_name_are_told_apart() -> None:
    twins = [{**AMERICANS, "name": "Beta"}, {**REST, "name": "Beta"}]
    otherwise = [{**one, "serve": {"variation": "off"}} for one in twins]
    assert told(BASE | {"rules": otherwise}, before=BASE | {"rules": twins}) == [
        'Rule "Beta" (us) serves "on" → "off".',
        'Rule "Beta" (rest) serves "on" → "off".',
    ]


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ({}, {"included": ["a", "b"]}, ["2 ids now listed in: a, b."]),
        ({"excluded": ["a"]}, {}, ["1 id no longer listed out: a."]),
        ({"included": ["a", "b"]}, {"included": ["b", "a"]}, ["The ids listed in are in another order."]),
        ({}, {"if": equals("plan", "pro")}, ["Condition none → plan is pro."]),
        (None, {"included": ["a"], "if": equals("plan", "pro")}, ["Created: 1 id listed in, if plan is pro."]),
        (None, {}, ["Created: nobody is in it."]),
        ({}, None, ["Deleted."]),
        ({"included": ["a"]}, {"included": ["a"]}, []),
    ],
)
def test_a_change_of_a_segment_is_told(before: Json | None, after: Json | None, sentences: list[str]) -> None:
    assert of_segment(before, after) == sentences


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {
                "all": [
                    {"attribute": "country", "operator": "in", "value": ["US", "CA"]},
                    {"not": {"attribute": "email", "operator": "ends_with", "value": "@x"}},
                ]
            },
            "country is one of US, CA and not (email ends with @x)",
        ),
        (
            {"any": [{"segment": "staff"}, {"all": [equals("a", 1), equals("b", "1")]}]},
            'in the segment staff or (a is 1 and b is "1")',
        ),
        ({"not": {"segment": "staff"}}, "not in the segment staff"),
        (equals("name", "Ann Lee", ignore_case=True), 'name is "Ann Lee" (ignoring case)'),
        ({"attribute": "id", "operator": "exists"}, "id is known"),
        ({"attribute": "joined", "operator": "within_last", "value": "30d"}, "joined is within the last 30d"),
        ({"attribute": "n", "operator": "in", "value": list(range(100))}, "n is one of 0, 1, 2, 3, 4 and 95 more"),
        (
            {"any": [equals("n", n) for n in range(9)]},
            "n is 0 or n is 1 or n is 2 or n is 3 or n is 4 or 4 more conditions",
        ),
        ({"strange": 1}, '{"strange":1}'),
    ],
)
def test_a_condition_is_written_in_words(condition: Json, words: str) -> None:
    assert condition_in_words(condition) == words


def test_every_operator_has_words() -> None:
    known = set(OPERATORS) | {operator.negation for operator in OPERATORS.values() if operator.negation}
    assert set(IN_WORDS) == known


def test_long_lists_are_counted_not_written_out() -> None:
    ids = [f"user-{number}" for number in range(100_000)]
    (sentence,) = of_segment({}, {"included": ids})
    assert sentence == "100,000 ids now listed in: user-0, user-1, user-2, user-3, user-4 and 99,995 more."
    rules = [rule(equals("name", "x" * 10_000), id=f"r{number}", name="n" * 10_000) for number in range(500)]
    changes = flag_changes(BASE | {"rules": []}, BASE | {"rules": rules})
    assert changes[-1].sentence == "And 480 more changes of rules."
    assert sum(len(change.sentence) for change in changes) < 20_000
    deep: Json = equals("a", "x" * 1_000)
    for _ in range(8):
        deep = {"all": [deep] * 2}
        assert len(condition_in_words(deep)) <= 400


@pytest.mark.parametrize(
    "broken", [{"enabled": True}, {**BASE, "rules": 3}, {**BASE, "rules": [{}]}, {**BASE, "targets": {}}]
)
def test_a_document_that_is_malformed_is_told_of_and_raises_nothing(broken: Json) -> None:
    assert told(broken) != []
    assert told(BASE, broken) != []


def test_the_fewest_rules_are_said_to_have_moved() -> None:
    assert moved("abcde", "eabcd") == {"e"}
    assert moved("abcd", "abcd") == set()
    assert len(moved("abcd", "dcba")) == 3


_RULES = [
    rule(condition, variation, id=key, **more)
    for key in ("r1", "r2", "r3")
    for condition in (equals("country", "US"), equals("n", 1), equals("n", 1.0), {"segment": "staff"})
    for variation in ("on", "off")
    for more in ({}, {"name": "Named"}, {"rollout_percentage": 50}, {"rollout_percentage": 50.0})
]
_FIELDS: dict[str, list[Any]] = {
    "enabled": [True, False],
    "salt": ["s", "t"],
    "hash": ["xxh3", "other"],
    "off_variation": ["on", "off"],
    "fallthrough": [{"variation": "on"}, split(on=50, off=50), split(on=50.0, off=50), split(off=50, on=50)],
    "rollout_percentage": [0, 10, 10.0, 100],
    "variations": [BASE["variations"], BASE["variations"][::-1], BASE["variations"][:1]],
    "targets": [[], BASE["targets"], [{"variation": "off", "ids": ["ann"]}, *BASE["targets"]]],
    "prerequisites": [[], BASE["prerequisites"], [{"flag": "other", "variation": "on"}, *BASE["prerequisites"]]],
}
_DOCUMENTS = st.fixed_dictionaries(
    {"type": st.just("boolean"), **{name: st.sampled_from(values) for name, values in _FIELDS.items()}},
    optional={"rules": st.lists(st.sampled_from(_RULES), max_size=4, unique_by=lambda one: one["id"])},
)


@given(_DOCUMENTS, _DOCUMENTS)
def test_there_are_no_changes_exactly_when_nothing_differs_and_each_field_that_does_is_named(
    before: Json, after: Json
) -> None:
    changes = flag_changes(before, after)
    assert (changes == []) == same(before, after)
    named = {change.path.split("[")[0].split(".")[0] for change in changes}
    differing = {
        name
        for name in before | after
        if name not in before or name not in after or not same(before[name], after[name])
    }
    assert named == differing
    assert len({change.sentence for change in changes}) == len(changes)
    assert flag_changes(before, copy.deepcopy(before)) == []
