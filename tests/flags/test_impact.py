"""What a change does to contexts: who gains, loses, switches, stays, in the flag and in those that lean on it."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flags.impact import Cause, Impact, Kind, Transition, Why, impact_of
from sdk_python.tests.engine.environments import (
    FLAGS,
    NOW,
    SEGMENTS,
    Json,
    boolean,
    by_reference,
    compare,
    contexts,
    environment,
    environments,
    flags_of,
    rule,
    segments_of,
)

PEOPLE = [{"id": f"user-{n}", "country": "US" if n % 2 else "DE"} for n in range(40)]


def of(flags: Json, changes: Json, people: list[Json] = PEOPLE, **segments: Json) -> Impact:
    """What changing these flags does, or with `before` and `after` segments, what changing those does."""
    before = environment(flags, segments.get("before", {}))
    return impact_of(before, flags=changes, segments=segments.get("after", {}), contexts=people, now=NOW)


def only(impact: Impact) -> tuple[Transition, ...]:
    (flag,) = impact.flags
    return flag.transitions


def counts(impact: Impact, place: int = 0) -> dict[Kind, int]:
    return {kind: impact.flags[place].count(kind) for kind in Kind if impact.flags[place].count(kind)}


def three(**fields: Any) -> Json:
    """A flag of three texts whose off variation is `a`."""
    variations = [{"key": key, "value": f"Text {key}"} for key in "abc"]
    serve = {"variation": "b"}
    return boolean(type="string", variations=variations, off_variation="a", fallthrough=serve) | fields


def test_turning_a_flag_on_lets_everybody_gain() -> None:
    impact = of({"f": boolean(enabled=False)}, {"f": boolean()})
    examples = tuple(person["id"] for person in PEOPLE[:5])
    assert only(impact) == (Transition("off", "on", Kind.GAIN, 40, examples),)
    assert (impact.contexts, impact.touched, impact.losing, impact.anyone_loses) == (40, 40, 0, False)


def test_turning_a_flag_off_takes_from_those_who_had_it() -> None:
    americans = rule(compare("country", "equals", "US"))
    impact = of({"f": boolean(rules=[americans], rollout_percentage=0)}, {"f": boolean(enabled=False)})
    assert counts(impact) == {Kind.LOSE: 20, Kind.STAY: 20}
    assert impact.anyone_loses
    assert impact.losing == 20


def test_another_variation_is_a_switch() -> None:
    impact = of({"f": three()}, {"f": three(fallthrough={"variation": "c"})})
    assert [(one.before, one.after, one.kind, one.count) for one in only(impact)] == [("b", "c", Kind.SWITCH, 40)]
    assert not impact.anyone_loses


def test_another_value_of_the_same_variation_is_a_switch() -> None:
    changed = three()
    changed["variations"][1]["value"] = "Another text"
    assert [(one.before, one.after, one.kind) for one in only(of({"f": three()}, {"f": changed}))] == [
        ("b", "b", Kind.SWITCH)
    ]


def test_a_value_that_python_takes_for_the_same_is_another_one_where_json_says_so() -> None:
    before = boolean(type="json", variations=[{"key": "on", "value": 1}, {"key": "off", "value": 0}])
    after = boolean(type="json", variations=[{"key": "on", "value": True}, {"key": "off", "value": 0}])
    assert counts(of({"f": before}, {"f": after})) == {Kind.SWITCH: 40}


def test_another_off_variation_is_a_switch_for_who_had_nothing() -> None:
    before, after = three(enabled=False), three(enabled=False, off_variation="c")
    assert counts(of({"f": before}, {"f": after})) == {Kind.SWITCH: 40}


def test_a_new_flag_gives_only_to_whom_it_serves_something() -> None:
    new = boolean(rules=[rule(compare("country", "equals", "US"))], rollout_percentage=0)
    impact = of({}, {"f": new})
    assert [(one.before, one.after, one.kind, one.count) for one in only(impact)] == [
        (None, "on", Kind.GAIN, 20),
        (None, "off", Kind.STAY, 20),
    ]


def test_a_flag_that_goes_takes_from_whom_it_served_something() -> None:
    old = boolean(rules=[rule(compare("country", "equals", "US"))], rollout_percentage=0)
    impact = of({"f": old}, {"f": None})
    assert counts(impact) == {Kind.LOSE: 20, Kind.STAY: 20}
    assert impact.flags[0].cause == Cause(Why.CHANGED, "f")


def test_who_loses_stands_first_and_five_are_named() -> None:
    before = three(rules=[rule(compare("country", "equals", "US"), {"variation": "c"})])
    after = three(rules=[rule(compare("country", "equals", "US"), {"variation": "a"})], fallthrough={"variation": "c"})
    transitions = only(of({"f": before}, {"f": after}))
    assert [one.kind for one in transitions] == [Kind.LOSE, Kind.SWITCH]
    assert transitions[0].examples == ("user-1", "user-3", "user-5", "user-7", "user-9")


def test_flags_that_require_a_changed_one_are_affected_all_the_way() -> None:
    flags = {
        "base": boolean(),
        "middle": boolean(prerequisites=[{"flag": "base", "variation": "on"}]),
        "top": boolean(prerequisites=[{"flag": "middle", "variation": "on"}]),
        "other": boolean(),
    }
    impact = of(flags, {"base": boolean(enabled=False)})
    assert [(flag.key, flag.cause.why, flag.cause.key) for flag in impact.flags] == [
        ("base", Why.CHANGED, "base"),
        ("middle", Why.PREREQUISITE, "base"),
        ("top", Why.PREREQUISITE, "middle"),
    ]
    assert [counts(impact, place) for place in range(3)] == [{Kind.LOSE: 40}] * 3
    assert impact.touched == 40


def test_a_segment_affects_the_flags_that_name_it_directly_or_through_another() -> None:
    flags = {
        "direct": boolean(rules=[rule({"all": [{"segment": "beta"}]})], rollout_percentage=0),
        "nested": boolean(rules=[rule({"not": {"segment": "outer"}})], rollout_percentage=0),
        "other": boolean(rules=[rule({"segment": "third"})]),
    }
    segments = {"beta": {"included": ["user-1"]}, "outer": {"if": {"any": [{"segment": "beta"}]}}, "third": {}}
    impact = of(flags, {}, before=segments, after={"beta": {"included": ["user-1", "user-2"]}})
    assert [(flag.key, flag.cause) for flag in impact.flags] == [
        ("direct", Cause(Why.SEGMENT, "beta")),
        ("nested", Cause(Why.SEGMENT, "outer")),
    ]
    assert (counts(impact, 0), counts(impact, 1)) == (
        {Kind.GAIN: 1, Kind.STAY: 39},
        {Kind.LOSE: 1, Kind.STAY: 39},
    )


def test_a_flag_that_leans_on_a_flag_which_comes_is_affected() -> None:
    waiting = boolean(prerequisites=[{"flag": "base", "variation": "on"}])
    impact = of({"waiting": waiting}, {"base": boolean()})
    assert [flag.key for flag in impact.flags] == ["base", "waiting"]
    assert counts(impact, 1) == {Kind.GAIN: 40}


def test_an_unusable_flag_serves_nothing() -> None:
    impact = of({"f": {"broken": True}}, {"f": boolean()})
    assert [(one.before, one.after, one.kind) for one in only(impact)] == [(None, "on", Kind.GAIN)]
    assert impact.flags[0].stages[0].moves.percent(Kind.GAIN) == 100


def test_the_attributes_that_decide_are_named_also_those_of_segments_and_prerequisites() -> None:
    flags = {
        "base": boolean(rules=[rule(compare("plan", "equals", "pro"))]),
        "f": boolean(
            rules=[rule({"segment": "beta"}), rule(compare("id", "equals", "x"), id="ids")],
            fallthrough={"variation": "on", "bucket_by": "never.asked.for"},
            prerequisites=[{"flag": "base", "variation": "on"}],
        ),
    }
    split = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}], "bucket_by": "team.id"}
    segments = {"beta": {"if": compare("country", "equals", "US")}}
    impact = of(flags, {"f": flags["f"] | {"fallthrough": split}}, before=segments)
    assert impact.attributes == {"plan", "country", "team.id"}


def test_of_a_change_that_reaches_very_many_flags_fewer_contexts_are_looked_at() -> None:
    flags = {f"f{n}": boolean(rules=[rule({"segment": "s"})]) for n in range(300)}
    people = [{"id": f"user-{n}"} for n in range(4_000)]
    impact = of(flags, {}, people, before={"s": {}}, after={"s": {"included": ["user-1"]}})
    assert len(impact.flags) == 300
    assert impact.contexts == 1_000_000 // 300
    assert {flag.count(Kind.STAY) for flag in impact.flags} == {impact.contexts}


def test_without_anybody_seen_the_bucket_space_still_speaks() -> None:
    impact = of({"f": boolean(rollout_percentage=10)}, {"f": boolean(rollout_percentage=5)}, [])
    assert impact.contexts == 0
    assert impact.anyone_loses


def _served(flags: Json, segments: Json, key: str, person: Mapping[str, Any]) -> Any:
    return by_reference(flags, segments, key, person)[:2]


@settings(max_examples=30)
@given(environments(), st.data())
def test_every_flag_that_is_not_named_serves_everybody_as_before_and_the_others_as_counted(
    found: tuple[Json, Json], data: st.DataObject
) -> None:
    flags, segments = found
    people = data.draw(st.lists(contexts(), min_size=1, max_size=5))
    new_flags: Json = data.draw(
        st.dictionaries(st.sampled_from(FLAGS), st.one_of(st.none(), flags_of(SEGMENTS, FLAGS)), max_size=2)
    )
    new_segments: Json = data.draw(
        st.dictionaries(st.sampled_from(SEGMENTS), st.one_of(st.none(), segments_of(SEGMENTS)), max_size=1)
    )
    impact = impact_of(environment(flags, segments), flags=new_flags, segments=new_segments, contexts=people, now=NOW)
    flags_after = {key: item for key, item in (flags | new_flags).items() if item is not None}
    segments_after = {key: item for key, item in (segments | new_segments).items() if item is not None}
    named = {flag.key: flag for flag in impact.flags}
    for key in {*flags, *flags_after}:
        pairs = [(_served(flags, segments, key, one), _served(flags_after, segments_after, key, one)) for one in people]
        if key not in named:
            assert all(before == after for before, after in pairs)
            continue
        counted = {(one.before, one.after): one.count for one in named[key].transitions}
        variations = [(before[1], after[1]) for before, after in pairs]
        assert counted == {pair: variations.count(pair) for pair in variations}
