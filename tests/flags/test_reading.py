"""A static reading of rules: what it finds, how it proves it, and where it holds its peace."""

from collections.abc import Mapping
from typing import Any

import pytest
from flagsite_sdk.engine.definitions import Definitions

from flags.reading import Code, Finding, findings_in_flag, findings_in_segment
from sdk_python.tests.engine.environments import NOW, Json, boolean, by_reference, compare, raws

US = compare("country", "equals", "US")
DE = compare("country", "equals", "DE")
EVERYONE = {"everyone": True}
HALVES = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}


def read(flag: Json, segments: Json | None = None, **others: Json) -> tuple[Finding, ...]:
    definitions = Definitions(raws({"f": flag, **others}), raws(segments or {}))
    return findings_in_flag("f", flags=definitions.flags(), segments=definitions.segments, now=NOW)


def of_segment(**segments: Json) -> tuple[Finding, ...]:
    definitions = Definitions({}, raws(segments))
    return findings_in_segment("s", segments=definitions.segments, now=NOW)


def ruled(*rules: Mapping[str, Any], **fields: Any) -> Json:
    """A flag with these rules, named r1, r2 …; the default rule lets in half."""
    named = [{"id": f"r{number}", "serve": {"variation": "on"}, **one} for number, one in enumerate(rules, 1)]
    return boolean(rules=named, rollout_percentage=50) | fields


def codes(findings: tuple[Finding, ...]) -> list[tuple[Code, str]]:
    return [(one.code, one.where) for one in findings]


def test_a_plain_flag_gives_no_cause_for_remarks() -> None:
    rules: list[Json] = [{"if": US, "serve": HALVES}, {"if": DE, "rollout_percentage": 20}, {"if": {"segment": "beta"}}]
    assert read(ruled(*rules), {"beta": {"included": ["user-1"]}}) == ()


# conditions that nobody or everybody matches

NOBODY = [
    {"all": [US, DE]},
    {"all": [US, {"not": US}]},
    {"all": [US, compare("country", "not_in", ["US", "DE"])]},
    {"all": [compare("age", "gt", 10), compare("age", "lte", 10)]},
    {"all": [compare("age", "gt", 10), compare("age", "equals", "11")]},
    {"all": [compare("age", "gte", 10), compare("age", "lte", 10), compare("age", "not_equals", 10)]},
    {"all": [compare("age", "equals", 10), {"not": compare("age", "gte", 5)}]},
    {"all": [compare("plan", "equals", "pro"), compare("plan", "gt", 1)]},
    {"all": [compare("paid", "equals", True), compare("paid", "not_equals", True)]},
    {"all": [compare("paid", "exists"), compare("paid", "not_exists")]},
    {"all": [compare("paid", "not_exists"), compare("paid", "contains", "x")]},
    {"all": [compare("mail", "ends_with", "@a.com"), compare("mail", "ends_with", "@b.com")]},
    {"all": [compare("mail", "ends_with", "@a.com"), compare("mail", "not_contains", "A", ignore_case=True)]},
    {"all": [compare("mail", "starts_with", ["ab", "ac"]), compare("mail", "not_starts_with", "a")]},
    {"all": [compare("country", "in", ["US", "DE"]), compare("country", "starts_with", "F")]},
    {"all": [compare("c", "equals", "us", ignore_case=True), compare("c", "not_equals", "US", ignore_case=True)]},
    {"all": [compare("app", "semver_gte", "2.0.0"), compare("app", "semver_lt", "2.0")]},
    {"all": [compare("app", "semver_gt", "2.0.0"), compare("app", "semver_lt", "2.0.0-rc.1")]},
    {"all": [compare("app", "semver_eq", "2.0.0"), {"not": compare("app", "semver_eq", "2.0.0+build")}]},
    {"all": [compare("at", "after", "2026-02-01T00:00:00Z"), compare("at", "before", "2026-01-01T00:00:00Z")]},
    {"all": [compare("at", "after", 10), {"not": compare("at", "after", 5)}]},
    {"all": [compare("ip", "ip_in", "10.1.0.0/16"), compare("ip", "not_ip_in", ["10.0.0.0/8"])]},
    {"all": [compare("ip", "ip_in", "10.1.0.0/16"), compare("ip", "ip_in", "::/0")]},
    {"all": [compare("teams", "any_of", ["a", "b"]), compare("teams", "none_of", ["a", "b", "c"])]},
    {"all": [compare("teams", "all_of", ["a", "b"]), compare("teams", "none_of", ["A"], ignore_case=True)]},
    {"all": [compare("teams", "all_of", ["a", "b"]), {"not": compare("teams", "all_of", ["a"])}]},
    {"all": [compare("teams", "any_of", ["a"]), compare("teams", "equals", "a")]},
    {"all": [compare("at", "within_last", "7d"), compare("at", "equals", True)]},
    compare("id", "gt", 5),
    compare("id", "not_exists"),
    {"all": [{"any": [US, DE]}, compare("country", "equals", "FR")]},
    {"not": {"any": [US, {"not": US}]}},
    {"not": EVERYONE},
    {"segment": "empty"},
    {"all": [{"segment": "beta"}, compare("id", "equals", "carol")]},
    {"all": [{"segment": "beta"}, {"not": {"segment": "beta"}}]},
    {"all": [{"segment": "americans"}, DE]},
]
SEGMENTS = {
    "empty": {},
    "beta": {"included": ["alice", "bob"]},
    "americans": {"if": US, "excluded": ["alice"]},
}


@pytest.mark.parametrize("condition", NOBODY, ids=str)
def test_a_condition_that_nobody_can_match_is_proved_to_be_one(condition: Json) -> None:
    (finding,) = read(ruled({"if": condition}), SEGMENTS)
    assert (finding.code, finding.where, finding.rule) == (Code.MATCHES_NOBODY, "rules[0].if", "r1")
    assert finding.says == "The condition of rule 1 matches nobody."
    assert finding.proof.endswith(".")


@pytest.mark.parametrize("condition", NOBODY, ids=str)
def test_its_opposite_is_matched_by_everybody(condition: Json) -> None:
    found = read(ruled({"if": {"not": condition}}), SEGMENTS)
    assert (Code.MATCHES_EVERYBODY, "rules[0].if") in codes(found)
    assert Code.MATCHES_NOBODY not in {one.code for one in found}


SOMEBODY = [
    {"all": [compare("age", "gt", 10), compare("age", "lt", 10.1)]},
    {"all": [compare("age", "gt", 10), {"not": compare("age", "gt", 10.5)}]},
    {"all": [{"not": compare("age", "gt", 10)}, {"not": compare("age", "lte", 10)}]},
    {"all": [compare("a", "equals", 1), compare("a", "not_equals", True)]},
    {"all": [compare("a", "equals", "us", ignore_case=True), compare("a", "not_equals", "us")]},
    {"all": [compare("teams", "any_of", ["a"]), compare("teams", "none_of", ["b"])]},
    {"all": [compare("teams", "all_of", ["a"]), {"not": compare("teams", "all_of", ["a", "b"])}]},
    {"all": [compare("at", "after", 0), compare("at", "before", "1970-01-01T00:00:00.5Z")]},
    {"all": [compare("at", "gt", 10), compare("at", "before", 12)]},
    {"all": [compare("a.b", "equals", 1), compare("a", "equals", 2)]},
    {"all": [{"segment": "americans"}, compare("id", "equals", "bob")]},
    {"all": [compare("x", "not_equals", "a"), compare("x", "not_exists")]},
    {"all": [compare("x", "not_ip_in", "0.0.0.0/0"), compare("x", "exists")]},
]


@pytest.mark.parametrize("condition", SOMEBODY, ids=str)
def test_what_somebody_can_match_is_let_alone(condition: Json) -> None:
    assert read(ruled({"if": condition}), SEGMENTS) == ()


def test_a_proof_names_no_more_than_it_needs() -> None:
    condition = {"all": [compare("plan", "equals", "pro"), US, compare("country", "not_equals", "FR"), DE]}
    (finding,) = read(ruled({"if": condition}))
    assert finding.proof == (
        "“country is DE and country is US” can never hold: none of the texts that are asked for fits."
    )


def test_one_dead_branch_of_several_is_pointed_at() -> None:
    (finding,) = read(ruled({"if": {"any": [DE, {"all": [US, {"not": US}]}]}}))
    assert (finding.code, finding.where) == (Code.PART_MATCHES_NOBODY, "rules[0].if.any[1]")
    assert finding.says.startswith("A part of the condition of rule 1 matches nobody: country is US and not")


# rules against each other


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


# prerequisites

NEVER = [
    ({}, "There is no flag base."),
    ({"base": {"broken": True}}, "The flag base cannot be used, so it serves nothing."),
    ({"base": boolean(enabled=False)}, "The flag base is off here, and then it serves off, not on."),
    (
        {"base": boolean(rollout_percentage=0)},
        "No target, no rule and not the default rule of the flag base serves on to anybody.",
    ),
    (
        {"base": boolean(prerequisites=[{"flag": "gone", "variation": "on"}])},
        "The flag base serves off to everybody, as a prerequisite of it never holds. There is no flag gone.",
    ),
]


@pytest.mark.parametrize(("others", "proof"), NEVER, ids=[proof for _, proof in NEVER])
def test_a_prerequisite_that_never_holds_is_proved_to_be_one(others: Json, proof: str) -> None:
    flag = boolean(prerequisites=[{"flag": "base", "variation": "on"}])
    (finding,) = read(flag, **others)
    assert (finding.code, finding.where, finding.proof) == (Code.PREREQUISITE_NEVER_HOLDS, "prerequisites[0]", proof)
    assert by_reference({"f": flag, **others}, {}, "f", {"id": "x"})[:3] == (False, "off", "PREREQUISITE_FAILED")


@pytest.mark.parametrize(
    ("base", "variation"),
    [
        (boolean(), "on"),
        (boolean(enabled=False), "off"),
        (boolean(rollout_percentage=10), "off"),
        (boolean(rollout_percentage=0, targets=[{"variation": "on", "ids": ["a"]}]), "on"),
        (boolean(rollout_percentage=0, rules=[{"id": "r", "if": US, "serve": HALVES}]), "on"),
        (boolean(prerequisites=[{"flag": "gone", "variation": "on"}]), "off"),
    ],
)
def test_a_prerequisite_that_may_hold_is_let_alone(base: Json, variation: str) -> None:
    assert read(boolean(prerequisites=[{"flag": "base", "variation": variation}]), base=base) == ()


def test_flags_that_require_each_other_cannot_be_used_and_nothing_is_said_of_them() -> None:
    flag = boolean(prerequisites=[{"flag": "base", "variation": "on"}])
    assert read(flag, base=boolean(prerequisites=[{"flag": "f", "variation": "on"}])) == ()


# segments


def test_a_segment_is_read_like_a_rule() -> None:
    assert [one.says for one in of_segment(s={})] == ["The segment is empty."]
    assert codes(of_segment(s={"if": {"all": [US, DE]}})) == [(Code.MATCHES_NOBODY, "if")]
    assert codes(of_segment(s={"if": {"any": [US, {"not": {"segment": "t"}}]}}, t={"if": US})) == [
        (Code.MATCHES_EVERYBODY, "if")
    ]
    assert of_segment(s={"if": US}) == of_segment(s={"included": ["a"]}) == of_segment(s={"if": EVERYONE}) == ()


def test_of_what_cannot_be_used_nothing_is_said() -> None:
    assert read({"broken": True}) == ()
    assert read(ruled({"if": {"segment": "gone"}})) == ()
    assert of_segment(s={"if": {"segment": "s"}}) == of_segment(t={}) == ()


# bounds


def test_past_its_bounds_it_holds_its_peace() -> None:
    pairs = [{"any": [compare(f"a{n}", "equals", 1), compare(f"b{n}", "equals", 1)]} for n in range(12)]
    assert read(ruled({"if": {"all": [*pairs, US, DE]}})) == ()


def test_as_many_rules_as_there_may_be_are_read() -> None:
    rules = [{"if": compare("id", "equals", f"user-{n}")} for n in range(500)]
    assert read(ruled(*rules)) == ()
    assert codes(read(ruled(*rules[:499], rules[0]))) == [(Code.UNREACHABLE, "rules[499]")]
