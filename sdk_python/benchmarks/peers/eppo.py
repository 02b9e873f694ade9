"""Eppo (its Rust core), from a configuration in memory; assignments are not logged, nothing is counted."""

import json
import re
from typing import Any

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, Configuration
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import NOWHERE, Call

PACKAGE = "eppo-server-sdk"
REMARK = "Rust; assignments neither logged nor counted; segments inlined, as its server does"

SHARDS = 10_000
PATTERNS = {"contains": "{}", "starts_with": "^{}", "ends_with": "{}$"}
COMPARISONS = {"gt": "GT", "gte": "GTE", "lt": "LT", "semver_gte": "GTE", "semver_lt": "LT"}


def prepare(environment: Environment) -> bytes:
    document = {
        "createdAt": "2026-01-01T00:00:00Z",
        "format": "SERVER",
        "environment": {"name": "benchmark"},
        "flags": {flag.key: _flag(flag, environment) for flag in environment.flags},
    }
    return json.dumps(document).encode()


def _flag(flag: Flag, environment: Environment) -> dict[str, Any]:
    allocations = [_allocation(f"rule-{number}", rule, environment) for number, rule in enumerate(flag.rules)]
    start = 0
    for name, share in flag.split or ((flag.fallthrough, EVERYONE),):
        end = start + share * SHARDS // EVERYONE
        allocations.append({"key": f"rest-{name}", "doLog": False, "splits": [_split(name, start, end)]})
        start = end
    return {
        "key": flag.key,
        "enabled": True,
        "variationType": "BOOLEAN" if flag.is_boolean else "STRING",
        "variations": {name: {"key": name, "value": value} for name, value in flag.variations.items()},
        "allocations": allocations,
        "totalShards": SHARDS,
    }


def _split(name: str, start: int, end: int) -> dict[str, Any]:
    everyone = end - start == SHARDS
    shards = [] if everyone else [{"salt": "split", "ranges": [{"start": start, "end": end}]}]
    return {"variationKey": name, "shards": shards}


def _allocation(key: str, rule: Rule, environment: Environment) -> dict[str, Any]:
    conditions = rule.conditions + (environment.segments[rule.segment] if rule.segment else ())
    return {
        "key": key,
        "doLog": False,
        "rules": [{"conditions": [_condition(each) for each in conditions]}],
        "splits": [_split(rule.serve, 0, rule.percentage * SHARDS // EVERYONE)],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    attribute, operator, value = condition.attribute, condition.operator, condition.value
    if operator in ("equals", "in"):
        return {"attribute": attribute, "operator": "ONE_OF", "value": [value] if operator == "equals" else [*value]}
    if operator in COMPARISONS:
        return {"attribute": attribute, "operator": COMPARISONS[operator], "value": value}
    pattern = value if operator == "regex" else PATTERNS[operator].format(re.escape(value))
    return {"attribute": attribute, "operator": "MATCHES", "value": pattern}


def open_client(source: bytes) -> eppo_client.EppoClient:
    return eppo_client.init(
        ClientConfig(
            api_key="key",
            base_url=NOWHERE,
            assignment_logger=AssignmentLogger(),
            poll_interval_seconds=None,
            initial_configuration=Configuration(flags_configuration=source),
        )
    )


def call(client: eppo_client.EppoClient, flag: Flag) -> Call:
    assign = client.get_boolean_assignment if flag.is_boolean else client.get_string_assignment
    return Call(f"assign({flag.key!r}, context['id'], context, {flag.default!r})", {"assign": assign})


def call_all(client: eppo_client.EppoClient, flags: tuple[Flag, ...]) -> Call:
    truth = [flag.key for flag in flags if flag.is_boolean]
    texts = [flag.key for flag in flags if not flag.is_boolean]
    return Call(
        "{key: truth_of(key, context['id'], context, False) for key in truth}"
        " | {key: text_of(key, context['id'], context, '') for key in texts}",
        {
            "truth": truth,
            "texts": texts,
            "truth_of": client.get_boolean_assignment,
            "text_of": client.get_string_assignment,
        },
    )


def close(client: eppo_client.EppoClient) -> None:
    client.shutdown()
