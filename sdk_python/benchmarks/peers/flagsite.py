"""Flagsite's own SDK: the client that an application uses, from a snapshot's bytes; every decision is counted."""

import json
from typing import Any

from flagsite_sdk import FlagClient
from workloads import Condition, Environment, Flag, Rule

from peers import NOWHERE, Call

PACKAGE = "flagsite-sdk"
REMARK = "the client; counts every decision exactly"


def prepare(environment: Environment) -> bytes:
    return json.dumps(
        {
            "revision": 1,
            "flags": {flag.key: _flag(flag) for flag in environment.flags},
            "segments": {key: {"if": _all(conditions)} for key, conditions in environment.segments.items()},
        }
    ).encode()


def _flag(flag: Flag) -> dict[str, Any]:
    shares = [{"variation": name, "weight": share} for name, share in flag.split]
    return {
        "type": "boolean" if flag.is_boolean else "string",
        "enabled": True,
        "hash": "xxh3",
        "salt": f"salt of {flag.key}",
        "variations": [{"key": name, "value": value} for name, value in flag.variations.items()],
        "off_variation": flag.fallthrough,
        "fallthrough": {"split": shares} if shares else {"variation": flag.fallthrough},
        "rules": [_rule(number, rule) for number, rule in enumerate(flag.rules)],
    }


def _rule(number: int, rule: Rule) -> dict[str, Any]:
    return {
        "id": f"rule-{number}",
        "if": {"segment": rule.segment} if rule.segment else _all(rule.conditions),
        "serve": {"variation": rule.serve},
        "rollout_percentage": rule.percentage,
    }


def _all(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    rows = [
        {
            "attribute": each.attribute,
            "operator": each.operator,
            "value": list(each.value) if each.operator == "in" else each.value,
        }
        for each in conditions
    ]
    return rows[0] if len(rows) == 1 else {"all": rows}


def open_client(source: bytes) -> FlagClient:
    return FlagClient(NOWHERE, bootstrap=source, offline=True)


def call(client: FlagClient, flag: Flag) -> Call:
    if flag.is_boolean:
        return Call(f"is_enabled({flag.key!r}, context)", {"is_enabled": client.is_enabled})
    return Call(f"evaluate({flag.key!r}, context, {flag.default!r})", {"evaluate": client.evaluate})


def call_all(client: FlagClient, flags: tuple[Flag, ...]) -> Call:  # noqa: ARG001 - it knows its flags
    return Call(
        "evaluate_all(context)",
        {"evaluate_all": client.evaluate_all},
        lambda answer: {key: evaluation.value for key, evaluation in answer.items()},
    )


def close(client: FlagClient) -> None:
    client.close()
