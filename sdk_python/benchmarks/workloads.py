"""What is measured, in words that belong to no vendor: flags, segments, contexts, and the answers that are right.

Each peer translates these into its own format (`peers/`). Nothing here knows a vendor or a clock.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Context = dict[str, Any]

EVERYONE = 100


@dataclass(frozen=True)
class Condition:
    """`operator` is one of equals, in, contains, starts_with, ends_with, regex, gt, gte, lt, semver_gte, semver_lt."""

    attribute: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Rule:
    """All conditions hold (and the segment, if one is named) → `serve`, for `percentage` of the contexts."""

    serve: str
    conditions: tuple[Condition, ...] = ()
    segment: str | None = None
    percentage: int = EVERYONE


@dataclass(frozen=True)
class Flag:
    """Serves the first rule that matches; else `fallthrough`, or the `split` (variation, per cent) if it has one."""

    key: str
    variations: dict[str, Any]
    fallthrough: str
    rules: tuple[Rule, ...] = ()
    split: tuple[tuple[str, int], ...] = ()

    @property
    def is_boolean(self) -> bool:
        return set(self.variations) == {"on", "off"}

    @property
    def default(self) -> Any:
        """What a caller would pass as the default; no workload ever serves it."""
        return False if self.is_boolean else "caller's default"


@dataclass(frozen=True)
class Environment:
    """Everything that an SDK is given at once."""

    flags: tuple[Flag, ...]
    segments: dict[str, tuple[Condition, ...]] = field(default_factory=dict)


def contexts(count: int = 1000) -> list[Context]:
    """Return people that hit every rule of every workload, always the same ones."""
    return [
        {
            "id": f"user-{number:05}",
            "email": f"{_pick(['qa-', '', '', '', '', '', ''], number)}person{number}"
            f"{_pick(['+test', '', '', '', ''], number // 7)}@{_pick(DOMAINS, number // 3)}",
            "country": _pick(["US", "DE", "GB", "NZ", "US", "FR", "US", "IN", "AU", "BR", "US"], number),
            "plan": _pick(["free", "pro", "team", "enterprise", "pro"], number // 2),
            "age": 14 + number * 7 % 62,
            "version": f"{number % 6}.{number * 3 % 14}.{number % 10}",
        }
        for number in range(count)
    ]


DOMAINS = ["example.com", "acme.com", "mail.test", "example.org", "corp.test", "web.test", "acme.org"]


def _pick(choices: list[str], number: int) -> str:
    return choices[number % len(choices)]


ON_OFF = {"on": True, "off": False}
PRO_IN_THE_US = (Condition("country", "equals", "US"), Condition("plan", "in", ("pro", "team")))
WORK_ADDRESS = r"^[a-z0-9.+-]+@(acme|example)\.(com|org)$"


def plain(key: str) -> Flag:
    return Flag(key, ON_OFF, "on")


def one_rule(key: str) -> Flag:
    return Flag(key, ON_OFF, "off", (Rule("on", (Condition("country", "equals", "US"),)),))


def split(key: str) -> Flag:
    variations = {"control": "control", "treatment": "treatment"}
    return Flag(key, variations, "control", split=(("control", 50), ("treatment", 50)))


def segment(key: str) -> Flag:
    return Flag(key, ON_OFF, "off", (Rule("on", segment="us-pro", percentage=25),))


def regex(key: str) -> Flag:
    return Flag(key, ON_OFF, "off", (Rule("on", (Condition("email", "regex", WORK_ADDRESS),)),))


def ten_rules(key: str) -> Flag:
    rules = (
        (Condition("email", "ends_with", "@mail.test"),),
        (Condition("country", "in", ("NZ", "AU")),),
        (Condition("age", "gt", 70),),
        (Condition("version", "semver_gte", "5.9.0"),),
        (Condition("plan", "equals", "enterprise"), Condition("country", "equals", "DE")),
        (Condition("email", "starts_with", "qa-"),),
        (Condition("age", "lt", 18),),
        (Condition("version", "semver_lt", "0.10.0"),),
        (Condition("email", "contains", "+test"),),
        (Condition("age", "gte", 40), Condition("plan", "in", ("pro", "team"))),
    )
    names = {f"v{number}": f"v{number}" for number in range(len(rules) + 1)}
    served = tuple(Rule(f"v{number}", conditions) for number, conditions in enumerate(rules, start=1))
    return Flag(key, names, "v0", served)


def three_rules(key: str) -> Flag:
    rules = (
        Rule("on", (Condition("country", "in", ("US", "CA", "MX")),)),
        Rule("off", (Condition("email", "ends_with", "@acme.com"),)),
        Rule("on", (Condition("age", "gte", 40), Condition("plan", "equals", "pro")), percentage=50),
    )
    return Flag(key, ON_OFF, "off", rules)


SINGLE = {make.__name__: make for make in (plain, one_rule, split, segment, regex, ten_rules)}
"""The workloads of one flag, by name."""

MIXED = (plain, one_rule, split, segment)


def environment_of(workload: str) -> Environment:
    """Return an environment that holds the one flag of the workload, whose key is the workload's name."""
    return Environment((SINGLE[workload](workload),), {"us-pro": PRO_IN_THE_US})


def mixed_environment(count: int, generation: int = 0) -> Environment:
    """Return `count` flags, plain, one rule, split and segment in turn; no key is shared between generations."""
    flags = tuple(MIXED[number % len(MIXED)](f"flag-{generation}-{number:05}") for number in range(count))
    return Environment(flags, {"us-pro": PRO_IN_THE_US})


def large_environment(count: int) -> Environment:
    """Return `count` flags with three rules each."""
    return Environment(tuple(three_rules(f"flag-{number:05}") for number in range(count)))


_HOLDS = {
    "equals": lambda actual, wanted: actual == wanted,
    "in": lambda actual, wanted: actual in wanted,
    "contains": lambda actual, wanted: wanted in actual,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "regex": lambda actual, wanted: re.search(wanted, actual) is not None,
    "gt": lambda actual, wanted: actual > wanted,
    "gte": lambda actual, wanted: actual >= wanted,
    "lt": lambda actual, wanted: actual < wanted,
    "semver_gte": lambda actual, wanted: _version(actual) >= _version(wanted),
    "semver_lt": lambda actual, wanted: _version(actual) < _version(wanted),
}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _hold(conditions: tuple[Condition, ...], context: Context) -> bool:
    return all(_HOLDS[each.operator](context[each.attribute], each.value) for each in conditions)


def possible_answers(flag: Flag, environment: Environment, context: Context) -> set[Any]:
    """Return the values that may be served: more than one where a bucket decides, which each vendor draws its way."""
    answers: set[Any] = set()
    for rule in flag.rules:
        if _hold(rule.conditions + (environment.segments[rule.segment] if rule.segment else ()), context):
            answers.add(flag.variations[rule.serve])
            if rule.percentage == EVERYONE:
                return answers
    return answers | {flag.variations[name] for name in (dict(flag.split) or (flag.fallthrough,))}


def wrong_answers(flag: Flag, environment: Environment, decide: Any) -> Iterator[str]:
    """Say what is wrong with `decide(context) -> value`: an impossible value, a changed mind, a share that is off."""
    drawn: list[tuple[Any, set[Any]]] = []
    for context in contexts():
        wanted = possible_answers(flag, environment, context)
        got = decide(context)
        if got not in wanted:
            yield f"{flag.key} serves {got!r} to {context}, not one of {wanted}"
            return
        if decide(dict(context)) != got:
            yield f"{flag.key} changes its mind about {context['id']}"
        if len(wanted) > 1:
            drawn.append((got, wanted))
    if drawn:
        served = flag.split[0][0] if flag.split else flag.rules[-1].serve
        wanted_share = flag.split[0][1] if flag.split else flag.rules[-1].percentage
        share = 100 * sum(got == flag.variations[served] for got, _ in drawn) / len(drawn)
        deviation = 4 * (wanted_share * (100 - wanted_share) / len(drawn)) ** 0.5  # four standard deviations
        if abs(share - wanted_share) > deviation:
            yield f"{flag.key} serves {served!r} to {share:.1f} % of {len(drawn)}, not to about {wanted_share} %"
