"""What is measured: Flagsite documents, the contexts they are asked for, and the answers that are right.

One description for every contestant. An adapter for another SDK translates `flags` and `segments` into that
SDK's own rules, checks that it gives `expected`, and only then is timed.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ALICE: Json = {
    "id": "user-123",
    "email": "alice@example.com",
    "country": "US",
    "plan": "enterprise",
    "age": 34,
    "version": "2.4.1",
}
"""Matches what a workload asks for."""

BOB: Json = {
    "id": "user-456",
    "email": "bob@elsewhere.org",
    "country": "DE",
    "plan": "free",
    "age": 17,
    "version": "1.9.0-beta.2",
}
"""Matches nothing."""

OFF, ON = {"key": "off", "value": False}, {"key": "on", "value": True}


@dataclass(frozen=True)
class Workload:
    """One thing to evaluate.

    Attributes:
        name: As it stands in the table.
        budget: Microseconds that one evaluation may take.
        flag: The key that is asked for.
        flags: The flags' documents.
        segments: The segments' documents.
        expected: Contexts and the value that each gets.
    """

    name: str
    budget: float
    flag: str
    flags: dict[str, Json]
    expected: list[tuple[Json, Any]]
    segments: dict[str, Json] = field(default_factory=dict)


def boolean(**changes: Any) -> Json:
    """A boolean flag that is on for everybody."""
    return {
        "type": "boolean",
        "enabled": True,
        "hash": "xxh3",
        "salt": "5f0c7a91",
        "variations": [ON, OFF],
        "off_variation": "off",
        "fallthrough": {"variation": "on"},
    } | changes


def comparison(attribute: str, operator: str, value: Any) -> Json:
    """A condition."""
    return {"attribute": attribute, "operator": operator, "value": value}


def rule(number: int, condition: Json, *, percentage: float = 100) -> Json:
    """A rule that serves `on`."""
    return {
        "id": f"rule-{number}",
        "if": condition,
        "serve": {"variation": "on"},
        "rollout_percentage": percentage,
    }


def ruled(*conditions: Json, **changes: Any) -> Json:
    """A flag that is on for whom one of the conditions matches."""
    rules = [rule(number, condition) for number, condition in enumerate(conditions)]
    return boolean(fallthrough={"variation": "off"}, rules=rules, **changes)


SPLIT = [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]

TEN = (
    comparison("country", "equals", "CH"),
    comparison("plan", "in", ["trial", "partner"]),
    comparison("email", "ends_with", "@flagsite.example"),
    comparison("age", "gt", 65),
    comparison("version", "semver_lt", "1.0.0"),
    comparison("country", "in", ["FR", "IT", "ES"]),
    comparison("email", "starts_with", "admin"),
    comparison("age", "lt", 13),
    comparison("version", "semver_gte", "3.0.0"),
    {"all": [comparison("plan", "equals", "enterprise"), comparison("age", "gte", 18)]},
)
"""Ten rules, of which only the last matches Alice and none matches Bob."""

WORKLOADS = (
    Workload("plain boolean", 0.3, "plain", {"plain": boolean()}, [(ALICE, True), (BOB, True)]),
    Workload(
        "one rule",
        0.3,
        "one-rule",
        {"one-rule": ruled(comparison("country", "equals", "US"))},
        [(ALICE, True), (BOB, False)],
    ),
    Workload(
        "50-50 split",
        0.3,
        "split",
        {"split": boolean(fallthrough={"split": SPLIT})},
        [(ALICE, True), (BOB, False)],
    ),
    Workload(
        "segment + 25 %",
        0.3,
        "segment",
        {
            "segment": boolean(
                salt="5f0c7a04",
                fallthrough={"variation": "off"},
                rules=[rule(0, {"segment": "enterprise"}, percentage=25)],
            )
        },
        [(ALICE, True), (BOB, False)],
        {"enterprise": {"if": comparison("plan", "equals", "enterprise"), "excluded": ["user-9"]}},
    ),
    Workload(
        "regex",
        0.9,
        "regex",
        {"regex": ruled(comparison("email", "regex", r"^[a-z.]+@example\.com$"))},
        [(ALICE, True), (BOB, False)],
    ),
    Workload("ten rules", 0.7, "ten-rules", {"ten-rules": ruled(*TEN)}, [(ALICE, True), (BOB, False)]),
)


def mixed(count: int) -> dict[str, Json]:
    """So many flags as an environment has them: plain, with rules, split, rolled out in part."""
    kinds = (
        boolean(),
        ruled(comparison("country", "equals", "US")),
        boolean(rollout_percentage=50),
        ruled(comparison("plan", "in", ["enterprise", "partner"]), comparison("age", "gte", 18)),
        boolean(fallthrough={"split": SPLIT}),
    )
    return {f"flag-{number:05}": kinds[number % len(kinds)] | {"salt": f"{number:08x}"} for number in range(count)}


def three_rules(count: int) -> dict[str, Json]:
    """So many flags with three rules each, every one with values of its own."""
    return {
        f"flag-{number:05}": ruled(
            comparison("country", "in", ["US", "CA", f"X{number}"]),
            comparison("email", "ends_with", f"@company-{number}.example"),
            {"all": [comparison("plan", "equals", "enterprise"), comparison("age", "gte", number % 90)]},
            salt=f"{number:08x}",
            rollout_percentage=50,
        )
        for number in range(count)
    }


def snapshot(flags: dict[str, Json], segments: dict[str, Json] | None = None) -> Json:
    """The document of an environment."""
    return {"revision": 1, "flags": flags, "segments": segments or {}}
