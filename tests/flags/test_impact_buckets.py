"""What a change does to the bucket space: exact where buckets can be followed, expected where they cannot."""

from decimal import Decimal
from typing import Any

from flagsite_sdk.engine.model import BUCKETS, Flag
from flagsite_sdk.engine.wire import read_flag

from flags.impact import Kind, Moves, StageMoves, impact_of
from flags.impact.buckets import stage_moves
from sdk_python.tests.engine.environments import (
    NOW,
    Json,
    boolean,
    compare,
    environment,
    rule,
)

PAIRS = BUCKETS**2


def split(**weights: float) -> Json:
    return {"split": [{"variation": key, "weight": weight} for key, weight in weights.items()]}


def three_document(**fields: Any) -> Json:
    variations = [{"key": key, "value": key} for key in ("off", "a", "b")]
    return boolean(type="string", variations=variations, fallthrough={"variation": "a"}) | fields


def three(**fields: Any) -> Flag:
    """A flag of three variations; its off variation is `off`."""
    return read_flag("f", three_document(**fields))


def the_one(before: Flag | None, after: Flag | None) -> StageMoves:
    (stage,) = stage_moves(before, after)
    return stage


def shares(stage: StageMoves) -> dict[Kind, float]:
    """The shares of those who do not stay, in percent."""
    found = {kind: float(stage.moves.percent(kind)) for kind in (Kind.GAIN, Kind.LOSE, Kind.SWITCH)}
    return {kind: share for kind, share in found.items() if share}


def test_raising_a_percentage_lets_exactly_the_difference_in_and_nobody_loses() -> None:
    stage = the_one(three(rollout_percentage=25), three(rollout_percentage=33.333))
    assert stage.moves == Moves(PAIRS, gain=8_333 * BUCKETS)
    assert stage.moves.percent(Kind.GAIN) == Decimal("8.333")
    assert stage.moves.percent(Kind.STAY) == Decimal("91.667")
    assert stage.of_its_own == ("rollout",)


def test_lowering_it_takes_exactly_the_difference_out() -> None:
    stage = the_one(three(rollout_percentage=50), three(rollout_percentage=49.999))
    assert stage.moves == Moves(PAIRS, lose=BUCKETS)


def test_a_moved_boundary_of_a_split_switches_what_lies_between() -> None:
    stage = the_one(three(fallthrough=split(a=50, b=50)), three(fallthrough=split(a=33.333, b=66.667)))
    assert stage.moves == Moves(PAIRS, switch=16_667 * BUCKETS)
    assert stage.of_its_own == ("split",)


def test_a_split_that_serves_the_off_variation_gives_and_takes() -> None:
    stage = the_one(three(fallthrough=split(off=50, a=50)), three(fallthrough=split(off=20, b=70, a=10)))
    assert shares(stage) == {Kind.GAIN: 30, Kind.SWITCH: 40}


def test_gate_and_split_together_are_counted_over_pairs_of_buckets() -> None:
    before = three(rollout_percentage=50, fallthrough=split(a=50, b=50))
    after = three(rollout_percentage=75, fallthrough=split(a=60, b=40))
    stage = the_one(before, after)
    assert stage.moves == Moves(PAIRS, gain=25_000 * BUCKETS, switch=50_000 * 10_000)
    assert stage.of_its_own == ("rollout", "split")


PRO = compare("plan", "equals", "pro")


def ruled(percentage: float, variation: str, condition: Json = PRO, **fields: Any) -> Flag:
    """A flag of three variations with a rule called P."""
    rules = [rule(condition, {"variation": variation}, rollout_percentage=percentage, name="P")]
    return three(rules=rules, **fields)


def test_whom_a_rule_lets_in_had_before_what_lies_below_it() -> None:
    stage = the_one(ruled(50, "a", rollout_percentage=0), ruled(20, "a", rollout_percentage=0))
    assert (stage.rule, stage.name, stage.of_its_own) == ("rule", "P", ("rollout",))
    assert shares(stage) == {Kind.LOSE: 30}
    assert shares(the_one(ruled(50, "b"), ruled(20, "b"))) == {Kind.SWITCH: 30}
    assert stage_moves(ruled(50, "a"), ruled(20, "a")) == ()
    assert shares(the_one(ruled(20, "a"), ruled(20, "b"))) == {Kind.SWITCH: 20}


def test_a_rule_that_serves_the_off_variation_takes_from_whom_it_lets_in() -> None:
    assert shares(the_one(ruled(20, "off"), ruled(50, "off"))) == {Kind.LOSE: 30}
    assert shares(the_one(ruled(50, "off"), ruled(20, "off"))) == {Kind.GAIN: 30}
    assert shares(the_one(ruled(50, "a"), ruled(50, "off"))) == {Kind.LOSE: 50}
    assert stage_moves(ruled(20, "off", rollout_percentage=0), ruled(50, "off", rollout_percentage=0)) == ()


def test_a_new_rule_takes_only_from_those_whom_the_default_rule_lets_in() -> None:
    below: Json = {"rollout_percentage": 12.5}
    stage = the_one(three(**below), ruled(100, "off", **below))
    assert (shares(stage), stage.is_at_most, stage.of_its_own) == ({Kind.LOSE: 12.5}, False, ())
    assert shares(the_one(ruled(100, "off", **below), three(**below))) == {Kind.GAIN: Decimal("12.5")}


def test_a_new_rule_that_serves_what_is_served_below_moves_nobody() -> None:
    two = [rule(compare("country", "equals", key), {"variation": "a"}) | {"id": key.lower()} for key in ("US", "DE")]
    assert stage_moves(three(), ruled(100, "a")) == ()
    assert stage_moves(three(), three(rules=two)) == ()
    assert stage_moves(three(rules=two), three()) == ()


def test_gates_of_one_bucketing_let_the_same_contexts_in() -> None:
    below: Json = {"rollout_percentage": 30}
    assert stage_moves(three(**below), ruled(20, "a", **below)) == ()
    assert shares(the_one(three(**below), ruled(50, "a", **below))) == {Kind.GAIN: 20}
    by_team = rule(PRO, {"variation": "a", "bucket_by": "team"}, rollout_percentage=50)
    stage = the_one(three(**below), three(rules=[by_team], **below))
    assert (shares(stage), stage.is_expected, stage.is_reshuffled) == ({Kind.GAIN: 35}, True, False)


def test_a_rule_that_is_proved_dead_is_not_told_of() -> None:
    first = rule(PRO, {"variation": "b"}) | {"id": "first"}
    second = rule(PRO, {"variation": "off"}) | {"id": "second"}
    (stage,) = stage_moves(three(), three(rules=[first, second]))
    assert (stage.rule, shares(stage)) == ("first", {Kind.SWITCH: 100})
    nobody = {"all": [PRO, compare("plan", "equals", "free")]}
    assert stage_moves(three(), ruled(100, "off", nobody)) == ()
    targeted = three(targets=[{"variation": "a", "ids": ["x"]}])
    assert (
        stage_moves(
            targeted, ruled(100, "off", compare("id", "equals", "x"), targets=[{"variation": "a", "ids": ["x"]}])
        )
        == ()
    )


def test_where_other_rules_may_match_there_is_a_bound() -> None:
    german = rule(compare("country", "equals", "DE"), {"variation": "off"}) | {"id": "german"}
    pro = rule(PRO, {"variation": "off"}) | {"id": "pro"}
    below: Json = {"rollout_percentage": 40}
    stage = the_one(three(rules=[german], **below), three(rules=[pro, german], **below))
    assert (stage.rule, shares(stage), stage.is_at_most) == ("pro", {Kind.LOSE: 40}, True)
    assert stage.may_take
    assert not stage.surely_takes
    after = the_one(three(rules=[german], **below), three(rules=[german, pro], **below))
    assert (shares(after), after.is_at_most, after.is_rest) == ({Kind.LOSE: 40}, False, True)
    never = rule(compare("plan", "equals", "free"), {"variation": "off"}) | {"id": "free"}
    apart = the_one(three(rules=[never], **below), three(rules=[never, pro], **below))
    assert (shares(apart), apart.is_at_most, apart.is_rest) == ({Kind.LOSE: 40}, False, False)


def test_the_default_rule_speaks_for_those_whom_the_rules_leave_it() -> None:
    half = rule({"everyone": True}, {"variation": "a"}, rollout_percentage=50)
    stage = the_one(three(rules=[half], rollout_percentage=40), three(rules=[half], rollout_percentage=70))
    assert (stage.rule, shares(stage)) == (None, {Kind.GAIN: 20})


def test_of_a_rule_among_very_many_it_is_only_said_that_it_decides() -> None:
    others = [rule(compare(f"a{n}", "exists"), {"variation": "b"}) | {"id": f"a{n}"} for n in range(40)]
    stage = the_one(three(rules=others), three(rules=[rule(PRO, {"variation": "off"}) | {"id": "new"}, *others]))
    assert (stage.rule, stage.is_unknown, stage.may_take, stage.surely_takes) == ("new", True, True, False)


def test_who_has_nothing_to_bucket_by_may_lose_where_nobody_else_does() -> None:
    by_team = split(a=50, b=50) | {"bucket_by": "team"}
    below: Json = {"fallthrough": by_team}
    stage = the_one(ruled(100, "a", **below), ruled(0, "a", **below))
    assert (shares(stage), stage.others_may_lose) == ({Kind.SWITCH: 50}, True)


def test_a_flag_that_is_off_lets_nobody_in() -> None:
    off = three(enabled=False, rollout_percentage=40)
    stage = the_one(off, three(rollout_percentage=40, fallthrough=split(off=50, a=50)))
    assert stage.moves == Moves(PAIRS, gain=40_000 * 50_000)
    assert stage_moves(off, three(enabled=False, rollout_percentage=80, fallthrough=split(a=50, b=50))) == ()


def test_a_flag_that_comes_gives_and_one_that_goes_takes() -> None:
    flag = three(rollout_percentage=40, fallthrough=split(off=50, a=50))
    assert the_one(None, flag).moves == Moves(PAIRS, gain=40_000 * 50_000)
    assert the_one(flag, None).moves == Moves(PAIRS, lose=40_000 * 50_000)


def test_a_new_salt_reshuffles_and_says_what_is_to_be_expected() -> None:
    stage = the_one(three(rollout_percentage=50), three(rollout_percentage=50, salt="other"))
    assert stage.is_reshuffled
    assert stage.is_expected
    assert shares(stage) == {Kind.GAIN: 25, Kind.LOSE: 25}


def test_another_bucket_by_reshuffles_the_split() -> None:
    before = three(fallthrough=split(a=50, b=50))
    stage = the_one(before, three(fallthrough=split(a=20, b=80) | {"bucket_by": "team.id"}))
    assert stage.is_reshuffled
    assert shares(stage) == {Kind.SWITCH: 50}


def test_a_new_salt_moves_nobody_where_buckets_decide_nothing() -> None:
    assert stage_moves(three(), three(salt="other")) == ()
    assert stage_moves(three(rollout_percentage=0), three(salt="other", rollout_percentage=0)) == ()


def test_where_one_side_serves_everybody_the_same_a_reshuffle_is_exact() -> None:
    stage = the_one(three(), three(salt="other", rollout_percentage=30))
    assert stage.is_reshuffled
    assert not stage.is_expected
    assert shares(stage) == {Kind.LOSE: 70}


def test_a_rule_is_followed_by_its_id_wherever_it_stands() -> None:
    one = rule(compare("a", "exists"), rollout_percentage=10) | {"id": "one"}
    two = rule(compare("b", "exists"), rollout_percentage=90) | {"id": "two"}
    serve = {"variation": "a"}
    rules = [one | {"serve": serve}, two | {"serve": serve}]
    assert stage_moves(three(rules=rules), three(rules=rules[::-1])) == ()


def test_real_contexts_move_as_the_bucket_space_says() -> None:
    before = boolean(rollout_percentage=30, fallthrough=split(on=80, off=20))
    after = boolean(rollout_percentage=60, fallthrough=split(on=50, off=50))
    people = [{"id": f"user-{n}"} for n in range(20_000)]
    impact = impact_of(environment({"f": before}), flags={"f": after}, contexts=people, now=NOW)
    (flag,) = impact.flags
    (stage,) = flag.stages
    for kind in Kind:
        assert abs(100 * flag.count(kind) / len(people) - float(stage.moves.percent(kind))) < 1.5
