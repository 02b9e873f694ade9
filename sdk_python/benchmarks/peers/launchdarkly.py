"""LaunchDarkly, reading its own JSON from a feature store in memory; no events."""

from typing import Any

from ldclient import Context
from ldclient.client import LDClient
from ldclient.config import Config
from ldclient.feature_store import InMemoryFeatureStore
from ldclient.versioned_data_kind import FEATURES, SEGMENTS
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import Call

PACKAGE = "launchdarkly-server-sdk"
REMARK = "events off; the context is built from the dict on each call"

OPERATORS = {
    "equals": "in",
    "in": "in",
    "contains": "contains",
    "starts_with": "startsWith",
    "ends_with": "endsWith",
    "regex": "matches",
    "gt": "greaterThan",
    "gte": "greaterThanOrEqual",
    "lt": "lessThan",
    "semver_lt": "semVerLessThan",
}


def prepare(environment: Environment) -> dict[str, Any]:
    return {
        "flags": {flag.key: _flag(flag) for flag in environment.flags},
        "segments": {
            key: {"key": key, "version": 1, "salt": key, "rules": [{"id": key, "clauses": [*map(_clause, conditions)]}]}
            for key, conditions in environment.segments.items()
        },
    }


def _flag(flag: Flag) -> dict[str, Any]:
    names = list(flag.variations)
    shares = [{"variation": names.index(name), "weight": 1000 * share} for name, share in flag.split]
    return {
        "key": flag.key,
        "version": 1,
        "on": True,
        "salt": f"salt of {flag.key}",
        "variations": list(flag.variations.values()),
        "offVariation": names.index(flag.fallthrough),
        "fallthrough": {"rollout": {"variations": shares}} if shares else {"variation": names.index(flag.fallthrough)},
        "rules": [_rule(flag, names, number, rule) for number, rule in enumerate(flag.rules)],
    }


def _rule(flag: Flag, names: list[str], number: int, rule: Rule) -> dict[str, Any]:
    clauses = [_clause(condition) for condition in rule.conditions]
    if rule.segment:
        clauses.append({"attribute": "", "op": "segmentMatch", "values": [rule.segment]})
    served, otherwise = names.index(rule.serve), names.index(flag.fallthrough)
    shares = [
        {"variation": served, "weight": 1000 * rule.percentage},
        {"variation": otherwise, "weight": 1000 * (EVERYONE - rule.percentage)},
    ]
    serve = {"variation": served} if rule.percentage == EVERYONE else {"rollout": {"variations": shares}}
    return {"id": f"rule-{number}", "clauses": clauses, **serve}


def _clause(condition: Condition) -> dict[str, Any]:
    values = list(condition.value) if condition.operator == "in" else [condition.value]
    if condition.operator == "semver_gte":  # there is no such operator: not less than
        return {"attribute": condition.attribute, "op": "semVerLessThan", "values": values, "negate": True}
    return {"attribute": condition.attribute, "op": OPERATORS[condition.operator], "values": values}


def open_client(source: dict[str, Any]) -> LDClient:
    store = InMemoryFeatureStore()
    store.init({FEATURES: source["flags"], SEGMENTS: source["segments"]})
    return LDClient(
        Config("sdk-key", feature_store=store, use_ldd=True, send_events=False, diagnostic_opt_out=True), start_wait=0
    )


def call(client: LDClient, flag: Flag) -> Call:
    return Call(
        f"variation({flag.key!r}, from_dict({{**context, 'kind': 'user', 'key': context['id']}}), {flag.default!r})",
        {"variation": client.variation, "from_dict": Context.from_dict},
    )


def call_all(client: LDClient, flags: tuple[Flag, ...]) -> Call:  # noqa: ARG001 - it knows its flags
    return Call(
        "state(from_dict({**context, 'kind': 'user', 'key': context['id']})).to_values_map()",
        {"state": client.all_flags_state, "from_dict": Context.from_dict},
    )


def close(client: LDClient) -> None:
    client.close()
