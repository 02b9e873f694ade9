"""Flagsmith, local evaluation of an environment document; one call evaluates all flags, so that is what is timed."""

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flagsmith import Flagsmith
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import Call

PACKAGE = "flagsmith"
REMARK = "decides all flags on every call; here its environment holds only the one that is asked for"

OPERATORS = {"equals": "EQUAL", "in": "IN", "contains": "CONTAINS", "regex": "REGEX"} | {
    "gt": "GREATER_THAN",
    "gte": "GREATER_THAN_INCLUSIVE",
    "lt": "LESS_THAN",
    "semver_gte": "GREATER_THAN_INCLUSIVE",
    "semver_lt": "LESS_THAN",
}
PATTERNS = {"starts_with": "^{}.*", "ends_with": ".*{}$"}


class InMemory:
    """An offline handler that holds its document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def get_environment(self) -> dict[str, Any]:
        return self._document


def prepare(environment: Environment) -> dict[str, Any]:
    return {
        "api_key": "ser.benchmark",
        "name": "benchmark",
        "updated_at": "2026-01-01T00:00:00Z",
        "feature_states": [_state(number, flag) for number, flag in enumerate(environment.flags)],
        "identity_overrides": [],
        "project": {
            "segments": [
                _segment(1000 * number + place, number, flag, rule, environment)
                for number, flag in enumerate(environment.flags)
                for place, rule in enumerate(flag.rules)
            ],
        },
    }


def _state(number: int, flag: Flag) -> dict[str, Any]:
    state = _serving(number, flag, flag.fallthrough, "default")
    state["multivariate_feature_state_values"] = [
        {
            "id": place,
            "mv_fs_value_uuid": str(uuid5(NAMESPACE_URL, f"{flag.key}/{name}")),
            "percentage_allocation": float(share),
            "multivariate_feature_option": {"value": name},
        }
        for place, (name, share) in enumerate(flag.split, start=1)
    ]
    return state


def _serving(number: int, flag: Flag, variation: str, place: str) -> dict[str, Any]:
    return {
        "enabled": flag.variations[variation] if flag.is_boolean else True,
        "feature_state_value": None if flag.is_boolean else flag.variations[variation],
        "feature": {"id": number, "name": flag.key},
        "featurestate_uuid": str(uuid5(NAMESPACE_URL, f"{flag.key}/{place}")),
        "multivariate_feature_state_values": [],
    }


def _segment(key: int, number: int, flag: Flag, rule: Rule, environment: Environment) -> dict[str, Any]:
    conditions = rule.conditions + (environment.segments[rule.segment] if rule.segment else ())
    rows = [_condition(condition) for condition in conditions]
    if rule.percentage != EVERYONE:
        rows.append({"operator": "PERCENTAGE_SPLIT", "property_": "", "value": str(rule.percentage)})
    override = _serving(number, flag, rule.serve, f"rule-{key}")
    override["feature_segment"] = {"priority": key % 1000}
    return {
        "id": key,
        "name": f"{flag.key}-{key}",
        "rules": [{"type": "ALL", "conditions": rows, "rules": []}],
        "feature_states": [override],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    operator, value = condition.operator, condition.value
    if operator in PATTERNS:
        return {
            "operator": "REGEX",
            "property_": condition.attribute,
            "value": PATTERNS[operator].format(re.escape(value)),
        }
    if operator == "in":
        value = ",".join(value)
    elif operator.startswith("semver"):
        value = f"{value}:semver"
    return {"operator": OPERATORS[operator], "property_": condition.attribute, "value": str(value)}


def open_client(source: dict[str, Any]) -> Flagsmith:
    return Flagsmith(offline_mode=True, offline_handler=InMemory(source))


def call(client: Flagsmith, flag: Flag) -> Call:
    read = "is_feature_enabled" if flag.is_boolean else "get_feature_value"
    return Call(f"flags(context['id'], context).{read}({flag.key!r})", {"flags": client.get_identity_flags})


def call_all(client: Flagsmith, flags: tuple[Flag, ...]) -> Call:
    return Call(
        "{each.feature_name: each.enabled if each.feature_name in truth else each.value"
        " for each in flags(context['id'], context).all_flags()}",
        {"flags": client.get_identity_flags, "truth": {flag.key for flag in flags if flag.is_boolean}},
    )


def close(client: Flagsmith) -> None:
    """There is nothing to close in offline mode."""
