"""flagd's in-process resolver through OpenFeature, from a file."""

import json
import tempfile
from pathlib import Path
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from workloads import EVERYONE, Condition, Environment, Flag

from peers import Call, CannotExpress

PACKAGE = "openfeature-provider-flagd"
REMARK = "in-process resolver through the OpenFeature client; has no call for all flags, so one call each"

COMPARISONS = {
    "equals": "==",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
}
VERSIONS = {"semver_gte": ">=", "semver_lt": "<"}


def prepare(environment: Environment) -> str:
    document = {
        "flags": {flag.key: _flag(flag) for flag in environment.flags},
        "$evaluators": {key: _all(conditions) for key, conditions in environment.segments.items()},
    }
    return json.dumps(document)


def _flag(flag: Flag) -> dict[str, Any]:
    targeting: Any = flag.fallthrough
    if flag.split:
        targeting = {"fractional": [[name, share] for name, share in flag.split]}
    for rule in reversed(flag.rules):
        conditions = [_condition(condition) for condition in rule.conditions]
        if rule.segment:
            conditions.append({"$ref": rule.segment})
        serve: Any = rule.serve
        if rule.percentage != EVERYONE:
            shares = [[rule.serve, rule.percentage], [flag.fallthrough, EVERYONE - rule.percentage]]
            serve = {"fractional": shares}
        targeting = {"if": [conditions[0] if len(conditions) == 1 else {"and": conditions}, serve, targeting]}
    document = {"state": "ENABLED", "variants": flag.variations, "defaultVariant": flag.fallthrough}
    return document if isinstance(targeting, str) else document | {"targeting": targeting}


def _all(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    return {"and": [_condition(condition) for condition in conditions]}


def _condition(condition: Condition) -> dict[str, Any]:
    attribute, operator, value = {"var": condition.attribute}, condition.operator, condition.value
    if operator == "in":
        return {"in": [attribute, list(value)]}
    if operator == "contains":
        return {"in": [value, attribute]}
    if operator in VERSIONS:
        return {"sem_ver": [attribute, VERSIONS[operator], value]}
    if operator not in COMPARISONS:
        raise CannotExpress(f"no operator for {operator}")
    return {COMPARISONS[operator]: [attribute, value]}


def open_client(source: str) -> OpenFeatureClient:
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        file.write(source)
    provider = FlagdProvider(
        resolver_type=ResolverType.FILE, offline_flag_source_path=file.name, sync_metadata_disabled=True
    )
    domain = Path(file.name).stem
    api.set_provider_and_wait(provider, domain)
    return api.get_client(domain)


def call(client: OpenFeatureClient, flag: Flag) -> Call:
    read = client.get_boolean_value if flag.is_boolean else client.get_string_value
    return Call(
        f"value({flag.key!r}, {flag.default!r}, EvaluationContext(context['id'], context))",
        {"value": read, "EvaluationContext": EvaluationContext},
    )


def call_all(client: OpenFeatureClient, flags: tuple[Flag, ...]) -> Call:
    return Call(
        "{key: value(key, default, EvaluationContext(context['id'], context)) for key, value, default in readers}",
        {
            "EvaluationContext": EvaluationContext,
            "readers": [
                (flag.key, client.get_boolean_value if flag.is_boolean else client.get_string_value, flag.default)
                for flag in flags
            ],
        },
    )


def close(client: OpenFeatureClient) -> None:
    client.provider.shutdown()
