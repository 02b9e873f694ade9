"""Unleash (its Rust engine), from a bootstrapped cache; no fetching, no metrics sent, though its engine counts."""

from typing import Any

from UnleashClient import UnleashClient
from UnleashClient.cache import BaseCache
from UnleashClient.constants import FEATURES_URL
from UnleashClient.utils import InstanceAllowType
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import NOWHERE, Call

PACKAGE = "UnleashClient"
REMARK = "Rust behind JSON; counts; has no call for all flags, so one call each"

OPERATORS = {
    "contains": "STR_CONTAINS",
    "starts_with": "STR_STARTS_WITH",
    "ends_with": "STR_ENDS_WITH",
    "regex": "REGEX",
    "gt": "NUM_GT",
    "gte": "NUM_GTE",
    "lt": "NUM_LT",
    "semver_gte": "SEMVER_GTE",
    "semver_lt": "SEMVER_LT",
}
TEXTS = frozenset({"contains", "starts_with", "ends_with"})
WHOLE = 1000  # what the weights of variants add up to


class Bootstrapped(BaseCache):
    """A cache that holds what it was given, in memory."""

    bootstrapped = True

    def __init__(self, document: dict[str, Any]) -> None:
        import json

        self._held: dict[str, Any] = {FEATURES_URL: json.dumps(document)}

    def set(self, key: str, value: Any) -> None:
        self._held[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        self._held.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        return self._held.get(key, default)

    def exists(self, key: str) -> bool:
        return key in self._held

    def destroy(self) -> None:
        self._held.clear()


def prepare(environment: Environment) -> dict[str, Any]:
    numbers = {key: number for number, key in enumerate(environment.segments, start=1)}
    return {
        "version": 2,
        "features": [_feature(flag, numbers) for flag in environment.flags],
        "segments": [
            {"id": numbers[key], "name": key, "constraints": [*map(_constraint, conditions)]}
            for key, conditions in environment.segments.items()
        ],
    }


def _feature(flag: Flag, segments: dict[str, int]) -> dict[str, Any]:
    strategies = [
        _strategy(flag, rule, segments) for rule in flag.rules if not (flag.is_boolean and rule.serve == "off")
    ]
    if not flag.is_boolean or flag.fallthrough == "on":
        variants = [_variant(name, share * WHOLE // EVERYONE) for name, share in flag.split]
        strategies.append(_rollout(flag, EVERYONE, variants=variants or [_variant(flag.fallthrough, WHOLE)]))
    return {"name": flag.key, "type": "release", "enabled": True, "strategies": strategies, "variants": []}


def _strategy(flag: Flag, rule: Rule, segments: dict[str, int]) -> dict[str, Any]:
    variants = [] if flag.is_boolean else [_variant(rule.serve, WHOLE)]
    constraints = [_constraint(condition) for condition in rule.conditions]
    # a boolean flag has no "serve off": what an earlier rule turns off must be excluded from each later one
    for earlier in flag.rules[: flag.rules.index(rule)]:
        if flag.is_boolean and earlier.serve == "off":
            (excluded,) = earlier.conditions
            constraints.append({**_constraint(excluded), "inverted": True})
    return _rollout(flag, rule.percentage, variants, constraints, [segments[rule.segment]] if rule.segment else [])


def _rollout(
    flag: Flag,
    percentage: int,
    variants: list[dict[str, Any]],
    constraints: list[dict[str, Any]] | None = None,
    segments: list[int] | None = None,
) -> dict[str, Any]:
    return {
        "name": "flexibleRollout",
        "parameters": {"rollout": str(percentage), "stickiness": "userId", "groupId": flag.key},
        "constraints": constraints or [],
        "segments": segments or [],
        "variants": [] if flag.is_boolean else variants,
    }


def _variant(name: str, weight: int) -> dict[str, Any]:
    return {"name": name, "weight": weight, "weightType": "fix", "stickiness": "userId"}


def _constraint(condition: Condition) -> dict[str, Any]:
    name, operator, value = condition.attribute, condition.operator, condition.value
    shared = {"contextName": name, "inverted": False, "caseInsensitive": False}
    if operator in ("equals", "in"):
        return shared | {"operator": "IN", "values": [value] if operator == "equals" else list(value)}
    if operator in TEXTS:
        return shared | {"operator": OPERATORS[operator], "values": [value]}
    return shared | {"operator": OPERATORS[operator], "value": str(value), "values": []}


def open_client(source: dict[str, Any]) -> UnleashClient:
    client = UnleashClient(
        NOWHERE,
        "benchmark",
        cache=Bootstrapped(source),
        disable_metrics=True,
        disable_registration=True,
        multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
    )
    client.initialize_client(fetch_toggles=False)
    return client


def call(client: UnleashClient, flag: Flag) -> Call:
    context = "{'userId': context['id'], 'properties': context}"
    if flag.is_boolean:
        return Call(f"is_enabled({flag.key!r}, {context})", {"is_enabled": client.is_enabled})
    return Call(f"get_variant({flag.key!r}, {context})['name']", {"get_variant": client.get_variant})


def call_all(client: UnleashClient, flags: tuple[Flag, ...]) -> Call:
    return Call(
        "{key: is_enabled(key, {'userId': context['id'], 'properties': context}) for key in truth}"
        " | {key: get_variant(key, {'userId': context['id'], 'properties': context})['name'] for key in texts}",
        {
            "truth": [flag.key for flag in flags if flag.is_boolean],
            "texts": [flag.key for flag in flags if not flag.is_boolean],
            "is_enabled": client.is_enabled,
            "get_variant": client.get_variant,
        },
    )


def close(client: UnleashClient) -> None:
    client.destroy()
