"""GrowthBook: features and saved groups as dicts; one instance, whose attributes are set on each call."""

import re
from typing import Any

from growthbook import GrowthBook
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import Call

PACKAGE = "growthbook"
THREAD_SAFE = False  # the attributes belong to the instance: a thread has one of its own
REMARK = "one instance of the synchronous class, attributes set on each call; no tracking call-back"

OPERATORS = {"gt": "$gt", "gte": "$gte", "lt": "$lt", "semver_gte": "$vgte", "semver_lt": "$vlt", "regex": "$regex"}
PATTERNS = {"contains": "{}", "starts_with": "^{}", "ends_with": "{}$"}


def prepare(environment: Environment) -> dict[str, Any]:
    return {
        "features": {flag.key: _feature(flag) for flag in environment.flags},
        "saved_groups": {
            key: {"type": "condition", "condition": _condition(conditions)}
            for key, conditions in environment.segments.items()
        },
    }


def _feature(flag: Flag) -> dict[str, Any]:
    rules = [_rule(flag, number, rule) for number, rule in enumerate(flag.rules)]
    if flag.split:
        names, shares = zip(*flag.split, strict=True)
        rules.append(
            {
                "key": flag.key,
                "hashAttribute": "id",
                "hashVersion": 2,
                "variations": [flag.variations[name] for name in names],
                "weights": [share / EVERYONE for share in shares],
            }
        )
    return {"defaultValue": flag.variations[flag.fallthrough], "rules": rules}


def _rule(flag: Flag, number: int, rule: Rule) -> dict[str, Any]:
    condition = _condition(rule.conditions)
    if rule.segment:
        condition["$savedGroup"] = {"id": rule.segment}
    shared: dict[str, Any] = {"force": flag.variations[rule.serve], "condition": condition}
    if rule.percentage != EVERYONE:
        shared |= {"coverage": rule.percentage / EVERYONE, "hashAttribute": "id", "seed": f"{flag.key}-{number}"}
        shared["hashVersion"] = 2
    return shared


def _condition(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    return {each.attribute: _test(each) for each in conditions}


def _test(condition: Condition) -> Any:
    operator, value = condition.operator, condition.value
    if operator == "equals":
        return value
    if operator == "in":
        return {"$in": list(value)}
    if operator in PATTERNS:
        return {"$regex": PATTERNS[operator].format(re.escape(value))}
    return {OPERATORS[operator]: value}


def open_client(source: dict[str, Any]) -> GrowthBook:
    return GrowthBook(features=source["features"], saved_groups=source["saved_groups"])


def call(client: GrowthBook, flag: Flag) -> Call:
    return Call(
        f"set_attributes(context) or value({flag.key!r}, {flag.default!r})",
        {"set_attributes": client.set_attributes, "value": client.get_feature_value},
    )


def call_all(client: GrowthBook, flags: tuple[Flag, ...]) -> Call:
    return Call(
        "set_attributes(context) or {key: value(key, default) for key, default in defaults}",
        {
            "set_attributes": client.set_attributes,
            "value": client.get_feature_value,
            "defaults": [(flag.key, flag.default) for flag in flags],
        },
    )


def close(client: GrowthBook) -> None:
    client.destroy()
