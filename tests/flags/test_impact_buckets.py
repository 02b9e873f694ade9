"""What a change does to the bucket space: exact where buckets can be followed, expected where they cannot."""

from decimal import Decimal
from typing import Any

import pytest
from flagsite_sdk.engine.model import BUCKETS, Flag
from flagsite_sdk.engine.wire import read_flag
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.impact import Kind, Moves, StageMoves, impact_of
from flags.impact.buckets import stage_moves
from sdk_python.tests.engine.environments import (
    NOW,
    Json,
    boolean,
    compare,
    contexts,
    environment,
    environments,
    rule,
)

PAIRS = BUCKETS**2
TENTH = BUCKETS // 10


def split(**weights: float) -> Json:
    return {"split": [{"variation": key, "weight": weight} for key, weight in weights.items()]}


def three(**fields: Any) -> Flag:
    """A flag of three variations; its off variation is `off`."""
    variations = [{"key": key, "value": key} for key in ("off", "a", "b")]
    defaults = boolean(type="string", variations=variations, fallthrough={"variation": "a"})
    return read_flag("f", defaults | fields)


def the_one(before: Flag | None, after: Flag | None) -> StageMoves:
    (stage,) = stage_moves(before, after)
    return stage


def test_raising_a_percentage_lets_exactly_the_difference_in_and_nobody_loses() -> None:
    stage = the_one(three(rollout_percentage=25), three(rollout_percentage=33.333))
    assert stage.gate == Moves(BUCKETS, gain=8_333)
    assert stage.split == Moves(BUCKETS)
    assert stage.joint == Moves(PAIRS, gain=8_333 * BUCKETS)
    assert stage.joint.percent(Kind.GAIN) == Decimal("8.333")
    assert stage.joint.percent(Kind.STAY) == Decimal("91.667")


def test_lowering_it_takes_exactly_the_difference_out() -> None:
    assert the_one(three(rollout_percentage=50), three(rollout_percentage=49.999)).gate == Moves(BUCKETS, lose=1)


def test_a_moved_boundary_of_a_split_switches_what_lies_between() -> None:
    stage = the_one(three(fallthrough=split(a=50, b=50)), three(fallthrough=split(a=33.333, b=66.667)))
    assert stage.gate == Moves(BUCKETS)
    assert stage.split == Moves(BUCKETS, switch=16_667)
    assert stage.joint == Moves(PAIRS, switch=16_667 * BUCKETS)


def test_a_split_that_serves_the_off_variation_gives_and_takes() -> None:
    stage = the_one(three(fallthrough=split(off=50, a=50)), three(fallthrough=split(off=20, b=70, a=10)))
    assert stage.split == Moves(BUCKETS, gain=30_000, switch=40_000)


def test_gate_and_split_together_are_counted_over_pairs_of_buckets() -> None:
    before = three(rollout_percentage=50, fallthrough=split(a=50, b=50))
    after = three(rollout_percentage=75, fallthrough=split(a=60, b=40))
    stage = the_one(before, after)
    assert stage.joint == Moves(PAIRS, gain=25_000 * BUCKETS, switch=50_000 * 10_000)
    assert stage.joint.percent(Kind.SWITCH) == Decimal("5.000")


def test_a_rule_alone_knows_who_it_lets_in_not_what_the_next_one_serves() -> None:
    def flag(percentage: int, variation: str) -> Flag:
        condition = compare("plan", "equals", "pro")
        return three(rules=[rule(condition, {"variation": variation}, rollout_percentage=percentage, name="P")])

    stage = the_one(flag(50, "a"), flag(20, "a"))
    assert (stage.rule, stage.name) == ("rule", "P")
    assert stage.joint == Moves(PAIRS, lose=30_000 * BUCKETS)
    assert the_one(flag(20, "a"), flag(50, "a")).joint == Moves(PAIRS, gain=30_000 * BUCKETS)
    assert the_one(flag(20, "a"), flag(20, "b")).joint == Moves(PAIRS, switch=20_000 * BUCKETS)


def test_a_rule_that_serves_the_off_variation_takes_from_whom_it_lets_in() -> None:
    def flag(percentage: int, variation: str = "off", **fields: Any) -> Flag:
        return three(
            rules=[rule({"everyone": True}, {"variation": variation}, rollout_percentage=percentage)], **fields
        )

    assert the_one(flag(20), flag(50)).joint == Moves(PAIRS, lose=30_000 * BUCKETS)
    assert the_one(flag(50), flag(20)).joint == Moves(PAIRS, gain=30_000 * BUCKETS)
    assert the_one(flag(50, "a"), flag(50)).joint == Moves(PAIRS, lose=50_000 * BUCKETS)
    assert the_one(flag(20), flag(50)).gate == Moves(BUCKETS, lose=30_000)
    assert [one.rule for one in stage_moves(flag(50, enabled=False), flag(50))] == [None]
    assert [one.rule for one in stage_moves(None, flag(50))] == [None]


@pytest.mark.parametrize(
    ("changes", "certain"),
    [
        ({"rollout_percentage": 80}, True),
        ({"fallthrough": split(a=10, b=90)}, True),
        ({"fallthrough": {"variation": "b"}}, False),  # those without a value to bucket by are served by it as well
        ({"fallthrough": split(a=50, b=50) | {"bucket_by": "team"}}, False),
        ({"salt": "other"}, False),
        ({"enabled": False}, False),
        ({"rules": [rule({"everyone": True})]}, False),
        ({"targets": [{"variation": "a", "ids": ["x"]}]}, False),
    ],
)
def test_gates_and_splits_alone_speak_for_everybody(changes: Json, certain: bool) -> None:
    before = boolean(
        type="string",
        variations=[{"key": key, "value": key} for key in ("off", "on", "a", "b")],
        fallthrough=split(a=50, b=50),
        rollout_percentage=50,
    )
    impact = impact_of(environment({"f": before}), flags={"f": before | changes}, contexts=[], now=NOW)
    assert impact.speaks_for_everybody is certain


def test_a_flag_that_leans_on_a_changed_one_may_change_for_people_nobody_has_seen() -> None:
    flags = {"f": boolean(), "g": boolean(prerequisites=[{"flag": "f", "variation": "on"}])}
    changed = {"f": boolean(rollout_percentage=50)}
    assert not impact_of(environment(flags), flags=changed, contexts=[], now=NOW).speaks_for_everybody


def test_a_new_rule_lets_in_and_a_gone_one_no_longer() -> None:
    ruled = three(rules=[rule({"everyone": True}, split(a=50, b=50), rollout_percentage=30)])
    assert the_one(three(), ruled).joint == Moves(PAIRS, gain=30_000 * BUCKETS)
    assert the_one(ruled, three()).joint == Moves(PAIRS, lose=30_000 * BUCKETS)


def test_a_flag_that_is_off_lets_nobody_in() -> None:
    off = three(enabled=False, rollout_percentage=40)
    stage = the_one(off, three(rollout_percentage=40, fallthrough=split(off=50, a=50)))
    assert stage.gate == Moves(BUCKETS, gain=40_000)
    assert stage.joint == Moves(PAIRS, gain=40_000 * 50_000)
    assert stage_moves(off, three(enabled=False, rollout_percentage=80, fallthrough=split(a=50, b=50))) == ()


def test_a_flag_that_comes_gives_and_one_that_goes_takes() -> None:
    flag = three(rollout_percentage=40, fallthrough=split(off=50, a=50))
    assert the_one(None, flag).joint == Moves(PAIRS, gain=40_000 * 50_000)
    assert the_one(flag, None).joint == Moves(PAIRS, lose=40_000 * 50_000)


def test_a_new_salt_reshuffles_and_says_what_is_to_be_expected() -> None:
    stage = the_one(three(rollout_percentage=50), three(rollout_percentage=50, salt="other"))
    assert stage.is_reshuffled
    assert stage.is_expected
    assert stage.gate.percent(Kind.GAIN) == stage.gate.percent(Kind.LOSE) == 25
    assert stage.joint.percent(Kind.LOSE) == 25
    assert stage.joint.percent(Kind.STAY) == 50


def test_another_bucket_by_reshuffles_the_split() -> None:
    before = three(fallthrough=split(a=50, b=50))
    stage = the_one(before, three(fallthrough=split(a=20, b=80) | {"bucket_by": "team.id"}))
    assert stage.is_reshuffled
    assert stage.split.percent(Kind.SWITCH) == 50
    assert stage.joint.percent(Kind.SWITCH) == 50


def test_a_new_salt_moves_nobody_where_buckets_decide_nothing() -> None:
    assert stage_moves(three(), three(salt="other")) == ()
    assert stage_moves(three(rollout_percentage=0), three(salt="other", rollout_percentage=0)) == ()


def test_where_one_side_serves_everybody_the_same_a_reshuffle_is_exact() -> None:
    stage = the_one(three(), three(salt="other", rollout_percentage=30))
    assert stage.is_reshuffled
    assert not stage.is_expected
    assert stage.joint.percent(Kind.LOSE) == 70


def test_a_rule_is_followed_by_its_id_wherever_it_stands() -> None:
    one = rule(compare("a", "exists"), rollout_percentage=10) | {"id": "one"}
    two = rule(compare("b", "exists"), rollout_percentage=90) | {"id": "two"}
    serve = {"variation": "a"}
    rules = [one | {"serve": serve}, two | {"serve": serve}]
    assert stage_moves(three(rules=rules), three(rules=rules[::-1])) == ()


tenths = st.integers(0, 10).map(lambda n: n * 10)


@st.composite
def stages(draw: st.DrawFn) -> Json:
    """A default rule or rule in whole tenths, so that ten places stand for all buckets."""
    first, second = sorted((draw(tenths), draw(tenths)))
    names = draw(st.permutations(["off", "a", "b"]))
    weights = split(**dict(zip(names, (first, second - first, 100 - second), strict=True)))
    return {"rollout_percentage": draw(tenths), "serve": draw(st.sampled_from([weights, {"variation": names[0]}]))}


def _served(stage: Json, gate: int, place: int, outside: str | None) -> str | None:
    if gate * 10 >= stage["rollout_percentage"]:
        return outside
    if "variation" in stage["serve"]:
        return str(stage["serve"]["variation"])
    end = 0
    for share in stage["serve"]["split"]:
        end += share["weight"]
        if place * 10 < end:
            return str(share["variation"])
    raise AssertionError


@pytest.mark.parametrize("outside", ["off", None])
@given(stages(), stages())
def test_the_joint_share_is_what_counting_place_by_place_gives(outside: str | None, old: Json, new: Json) -> None:
    def flag(stage: Json) -> Flag:
        if outside is None:
            return three(rules=[{"id": "rule", "if": {"everyone": True}, **stage}])
        return three(rollout_percentage=stage["rollout_percentage"], fallthrough=stage["serve"])

    counted = {"gain": 0, "lose": 0, "switch": 0}
    for gate in range(10):
        for place in range(10):
            was, is_ = _served(old, gate, place, outside), _served(new, gate, place, outside)
            if was != is_:
                old_rank, new_rank = (0 if one == "off" else 1 if one is None else 2 for one in (was, is_))
                kind = "gain" if new_rank > old_rank else "lose" if new_rank < old_rank else "switch"
                counted[kind] += TENTH**2
    found = stage_moves(flag(old), flag(new))
    joint = found[0].joint if found else Moves(PAIRS)
    assert joint == Moves(PAIRS, **counted)


def test_real_contexts_move_as_the_bucket_space_says() -> None:
    before = boolean(rollout_percentage=30, fallthrough=split(on=80, off=20))
    after = boolean(rollout_percentage=60, fallthrough=split(on=50, off=50))
    people = [{"id": f"user-{n}"} for n in range(20_000)]
    impact = impact_of(environment({"f": before}), flags={"f": after}, contexts=people, now=NOW)
    (flag,) = impact.flags
    (stage,) = flag.stages
    for kind in Kind:
        assert abs(100 * flag.count(kind) / len(people) - float(stage.joint.percent(kind))) < 1.5


def _recut(flag: Json, data: st.DataObject) -> Json:
    """The flag with other percentages, and with other weights in its splits."""

    def recut(serve: Json) -> Json:
        if "split" not in serve:
            return serve
        first, second = sorted((data.draw(tenths), data.draw(tenths)))
        weights = (first, second - first, 100 - second)
        return serve | {"split": [one | {"weight": new} for one, new in zip(serve["split"], weights, strict=True)]}

    rules = [one | {"serve": recut(one["serve"]), "rollout_percentage": data.draw(tenths)} for one in flag["rules"]]
    fallthrough = recut(flag["fallthrough"])
    return flag | {"rules": rules, "fallthrough": fallthrough, "rollout_percentage": data.draw(tenths)}


@settings(max_examples=30)
@given(environments(sound=True), st.lists(contexts(), min_size=30, max_size=30), st.data())
def test_where_no_stage_has_a_loss_and_only_buckets_change_nobody_loses(
    found: tuple[Json, Json], people: list[Json], data: st.DataObject
) -> None:
    flags, segments = found
    changed = {"f0": _recut(flags["f0"], data)}
    before = environment({"f0": flags["f0"]}, segments)
    (flag,) = impact_of(before, flags=changed, contexts=people, now=NOW).flags
    assert flag.speaks_for_everybody
    if not any(stage.joint.lose for stage in flag.stages):
        assert flag.count(Kind.LOSE) == 0
