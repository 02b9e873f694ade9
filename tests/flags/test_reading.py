"""A static reading of rules against each other: what it finds, how it proves it, and where it holds its peace."""

from flags.reading import Code
from sdk_python.tests.engine.environments import Json, compare
from tests.flags.readings import DE, EVERYONE, HALVES, US, codes, read, ruled


def test_a_plain_flag_gives_no_cause_for_remarks() -> None:
    rules: list[Json] = [{"if": US, "serve": HALVES}, {"if": DE, "rollout_percentage": 20}, {"if": {"segment": "beta"}}]
    assert read(ruled(*rules), {"beta": {"included": ["user-1"]}}) == ()


def test_a_rule_behind_one_that_lets_everybody_in_is_never_reached() -> None:
    found = read(ruled({"if": EVERYONE}, {"if": US}))
    assert codes(found) == [(Code.UNREACHABLE, "rules[1]"), (Code.UNREACHABLE, "fallthrough")]
    assert found[0].by == ("r1",)
    assert found[0].says == "Rule 2 never decides: rule 1 decides everybody whom it matches."
    assert found[0].witness is not None
    assert found[0].witness["country"] == "US"


def test_two_rules_of_one_condition_that_serve_something_else_contradict_each_other() -> None:
    either_way = {"any": [US, DE]}
    listed = compare("country", "in", ["DE", "US"])
    found = read(ruled({"if": either_way}, {"if": listed, "serve": {"variation": "off"}}))
    assert [(one.code, one.where, one.by) for one in found] == [(Code.CONTRADICTS, "rules[1]", ("r1",))]
    assert found[0].says == "Rule 2 contradicts rule 1: the same contexts, something else served."


def test_the_same_rule_twice_is_no_contradiction_but_one_of_them_is_dead() -> None:
    assert codes(read(ruled({"if": US}, {"if": US}))) == [(Code.UNREACHABLE, "rules[1]")]


def test_a_narrower_rule_behind_a_wider_one_is_never_reached() -> None:
    wide = compare("country", "in", ["US", "DE"])
    found = read(ruled({"if": wide}, {"if": {"all": [US, compare("plan", "equals", "pro")]}}))
    assert codes(found) == [(Code.UNREACHABLE, "rules[1]")]
    assert found[0].witness == {"id": "user-1", "country": "US", "plan": "pro"}


def test_a_wider_rule_behind_a_narrower_one_is_reached() -> None:
    assert read(ruled({"if": US}, {"if": compare("country", "in", ["US", "DE"])})) == ()


def test_several_rules_together_may_leave_nobody() -> None:
    found = read(ruled({"if": US}, {"if": {"not": US}}, {"if": DE}))
    assert codes(found) == [(Code.UNREACHABLE, "rules[2]"), (Code.UNREACHABLE, "fallthrough")]
    found = read(ruled({"if": US}, {"if": DE}, {"if": compare("country", "in", ["US", "DE"])}))
    assert [(one.code, one.by) for one in found] == [(Code.UNREACHABLE, ("r1", "r2"))]


def test_behind_half_of_them_the_other_half_is_reached() -> None:
    assert read(ruled({"if": US, "rollout_percentage": 50}, {"if": US})) == ()


def test_behind_half_of_them_a_quarter_is_not_because_gates_share_their_hash() -> None:
    found = read(ruled({"if": US, "rollout_percentage": 50}, {"if": US, "rollout_percentage": 25}))
    assert codes(found) == [(Code.UNREACHABLE, "rules[1]")]


def test_a_quarter_by_another_attribute_is_reached() -> None:
    by_team = {"variation": "on", "bucket_by": "team"}
    assert (
        read(ruled({"if": US, "rollout_percentage": 50}, {"if": US, "rollout_percentage": 25, "serve": by_team})) == ()
    )


def test_behind_a_split_only_those_without_a_bucket_are_left() -> None:
    by_team = {**HALVES, "bucket_by": "team.id"}
    found = read(ruled({"if": US, "serve": by_team}, {"if": US}))
    assert [(one.code, one.says) for one in found] == [
        (Code.REACHED_ONLY_WITHOUT, "Only contexts without team.id reach rule 2.")
    ]
    assert found[0].witness == {"id": "user-1", "country": "US"}


def test_behind_a_split_by_id_only_anonymous_contexts_are_left() -> None:
    found = read(ruled({"if": EVERYONE, "serve": HALVES}))
    assert [(one.code, one.says) for one in found] == [
        (Code.REACHED_ONLY_WITHOUT, "Only contexts without an id reach the default rule.")
    ]
    assert found[0].witness == {"id": ""}


def test_a_rule_for_ids_that_are_all_targeted_is_never_reached() -> None:
    targets = [{"variation": "on", "ids": ["a", "b"]}]
    found = read(ruled({"if": compare("id", "in", ["a", "b"])}, targets=targets))
    assert [(one.code, one.where) for one in found] == [(Code.UNREACHABLE, "rules[0]")]
    assert read(ruled({"if": compare("id", "in", ["a", "c"])}, targets=targets)) == ()


def test_a_rule_that_nobody_matches_covers_nothing() -> None:
    found = read(ruled({"if": {"all": [US, DE]}}, {"if": {"all": [US, DE]}}))
    assert codes(found) == [(Code.MATCHES_NOBODY, "rules[0].if"), (Code.MATCHES_NOBODY, "rules[1].if")]


def test_a_rule_at_nought_percent_and_a_weight_of_nought_are_pointed_at() -> None:
    split = {"split": [{"variation": "on", "weight": 100}, {"variation": "off", "weight": 0}]}
    found = read(ruled({"if": US, "rollout_percentage": 0}, {"if": US, "serve": split}, fallthrough=split))
    assert codes(found) == [
        (Code.ZERO_PERCENT, "rules[0].rollout_percentage"),
        (Code.ZERO_WEIGHT, "rules[1].serve.split[1]"),
        (Code.ZERO_WEIGHT, "fallthrough.split[1]"),
    ]


def test_past_its_bounds_it_holds_its_peace() -> None:
    pairs = [{"any": [compare(f"a{n}", "equals", 1), compare(f"b{n}", "equals", 1)]} for n in range(12)]
    assert read(ruled({"if": {"all": [*pairs, US, DE]}})) == ()


def test_as_many_rules_as_there_may_be_are_read() -> None:
    rules = [{"if": compare("id", "equals", f"user-{n}")} for n in range(500)]
    assert read(ruled(*rules)) == ()
    assert codes(read(ruled(*rules[:499], rules[0]))) == [(Code.UNREACHABLE, "rules[499]")]
