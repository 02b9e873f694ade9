"""Conditions that nobody or everybody can match: which are found, how it is proved, and what is let alone."""

import pytest

from flags.reading import Code
from sdk_python.tests.engine.environments import Json, compare
from tests.flags.readings import DE, EVERYONE, US, codes, read, ruled

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
