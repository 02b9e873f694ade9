"""PostHog, local evaluation of flag definitions that are handed in; no events, no fetching."""

from typing import Any

from posthog import Posthog
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import NOWHERE, Call

PACKAGE = "posthog"
REMARK = "only local evaluation, no feature-flag events; cohorts for segments"

OPERATORS = {"equals": "exact", "in": "exact", "contains": "icontains"} | {
    name: name for name in ("starts_with", "ends_with", "regex", "gt", "gte", "lt", "semver_gte", "semver_lt")
}


def prepare(environment: Environment) -> dict[str, Any]:
    numbers = {key: number for number, key in enumerate(environment.segments, start=1)}
    return {
        "flags": [_flag(number, flag, numbers) for number, flag in enumerate(environment.flags, start=1)],
        "cohorts": {
            str(numbers[key]): {"type": "AND", "values": [_property(condition) for condition in conditions]}
            for key, conditions in environment.segments.items()
        },
    }


def _flag(number: int, flag: Flag, cohorts: dict[str, int]) -> dict[str, Any]:
    groups = [_group(flag, rule, cohorts) for rule in flag.rules if not (flag.is_boolean and rule.serve == "off")]
    shares = dict(flag.split)
    if not flag.is_boolean or flag.fallthrough == "on":
        rest: dict[str, Any] = {"properties": [], "rollout_percentage": EVERYONE}
        groups.append(rest if flag.is_boolean or shares else rest | {"variant": flag.fallthrough})
    filters: dict[str, Any] = {"groups": groups}
    if not flag.is_boolean:
        shares = shares or {name: EVERYONE if name == flag.fallthrough else 0 for name in flag.variations}
        filters["multivariate"] = {
            "variants": [{"key": name, "rollout_percentage": share} for name, share in shares.items()]
        }
    return {"id": number, "key": flag.key, "name": flag.key, "active": True, "filters": filters}


def _group(flag: Flag, rule: Rule, cohorts: dict[str, int]) -> dict[str, Any]:
    properties = [_property(condition) for condition in rule.conditions]
    # a boolean flag has no "serve off": what an earlier rule turns off must be excluded from each later one
    for earlier in flag.rules[: flag.rules.index(rule)]:
        if flag.is_boolean and earlier.serve == "off":
            (excluded,) = earlier.conditions
            properties.append({**_property(excluded), "operator": f"not_{OPERATORS[excluded.operator]}"})
    if rule.segment:
        properties.append({"key": "id", "type": "cohort", "value": cohorts[rule.segment]})
    group: dict[str, Any] = {"properties": properties, "rollout_percentage": rule.percentage}
    return group if flag.is_boolean else group | {"variant": rule.serve}


def _property(condition: Condition) -> dict[str, Any]:
    value = list(condition.value) if condition.operator == "in" else condition.value
    return {"key": condition.attribute, "type": "person", "operator": OPERATORS[condition.operator], "value": value}


def open_client(source: dict[str, Any]) -> Posthog:
    client = Posthog(
        "project-key",
        host=NOWHERE,
        send=False,
        sync_mode=True,
        enable_local_evaluation=False,  # no poller: the definitions below are all there is
    )
    client.feature_flags = source["flags"]
    client.cohorts = source["cohorts"]
    return client


def call(client: Posthog, flag: Flag) -> Call:
    return Call(
        f"value({flag.key!r}, context['id'], person_properties=context,"
        " only_evaluate_locally=True, send_feature_flag_events=False)",
        {"value": client.get_feature_flag},
    )


def call_all(client: Posthog, flags: tuple[Flag, ...]) -> Call:  # noqa: ARG001 - it knows its flags
    return Call(
        "values(context['id'], person_properties=context, only_evaluate_locally=True)",
        {"values": client.get_all_flags},
    )


def close(client: Posthog) -> None:
    client.shutdown()
