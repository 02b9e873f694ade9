"""Statsig (its Rust core), from a data store that holds its specs in memory; no network, no event logging."""

import hashlib
import json
from typing import Any

from statsig_python_core import DataStore, Statsig, StatsigOptions, StatsigUser
from statsig_python_core.data_store import DataStoreResponse
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import Call

PACKAGE = "statsig-python-core"
REMARK = "Rust; exposures not logged; user object built per call; has no call for all flags, so one call each"

OPERATORS = {
    "equals": "any_case_sensitive",
    "in": "any_case_sensitive",
    "contains": "str_contains_any",
    "starts_with": "str_starts_with_any",
    "ends_with": "str_ends_with_any",
    "regex": "str_matches",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "semver_gte": "version_gte",
    "semver_lt": "version_lt",
}
LISTS = frozenset({"equals", "in", "contains", "starts_with", "ends_with"})


class InMemory(DataStore):
    """Hands out its document once and keeps nothing."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self._documents = [document]

    def get(self, _key: str) -> DataStoreResponse:
        return DataStoreResponse(result=self._documents.pop() if self._documents else None, time=1)


def prepare(environment: Environment) -> str:
    conditions: dict[str, Any] = {"everyone": _condition_spec("public", None, None, "")}
    gates = {f"segment:{key}": _segment(key, rows, conditions) for key, rows in environment.segments.items()}
    configs = {}
    for flag in environment.flags:
        spec = _spec(flag, conditions)
        (gates if flag.is_boolean else configs)[flag.key] = spec
    document = {
        "feature_gates": gates,
        "dynamic_configs": configs,
        "layer_configs": {},
        "condition_map": conditions,
        "param_stores": {},
        "experiment_to_layer": {},
        "has_updates": True,
        "time": 1,
        "company_id": "benchmark",
        "response_format": "dcs-v2",
    }
    return json.dumps(document)


def _spec(flag: Flag, conditions: dict[str, Any]) -> dict[str, Any]:
    rules = [
        _rule(flag, f"{flag.key}-{number}", rule.serve, rule.percentage, _conditions(rule, conditions))
        for number, rule in enumerate(flag.rules)
    ]
    last = flag.fallthrough
    if flag.split:
        # a rule decides once its conditions match, in or out of its percentage: a share must be a condition
        (name, share), (last, _) = flag.split
        rules.append(_rule(flag, f"{flag.key}-{name}", name, EVERYONE, [_bucket(flag, share, conditions)]))
    rules.append(_rule(flag, f"{flag.key}-rest", last, EVERYONE, ["everyone"]))
    return {
        "type": "feature_gate" if flag.is_boolean else "dynamic_config",
        "salt": f"salt of {flag.key}",
        "enabled": True,
        "defaultValue": _value(flag, flag.fallthrough),
        "rules": rules,
        "idType": "userID",
        "entity": "feature_gate" if flag.is_boolean else "dynamic_config",
    }


def _value(flag: Flag, name: str) -> Any:
    return flag.variations[name] if flag.is_boolean else {"value": flag.variations[name]}


def _rule(flag: Flag, key: str, serve: str, percentage: int, conditions: list[str]) -> dict[str, Any]:
    return {
        "name": key,
        "id": key,
        "salt": key,
        "passPercentage": percentage,
        "conditions": conditions,
        "returnValue": _value(flag, serve),
        "idType": "userID",
    }


def _segment(key: str, rows: tuple[Condition, ...], conditions: dict[str, Any]) -> dict[str, Any]:
    flag = Flag(f"segment:{key}", {"on": True, "off": False}, "off", (Rule("on", rows),))
    return _spec(flag, conditions) | {"entity": "segment"}


def _conditions(rule: Rule, known: dict[str, Any]) -> list[str]:
    keys = [_remember(_field(condition), known) for condition in rule.conditions]
    if rule.segment:
        keys.append(_remember(_condition_spec("pass_gate", f"segment:{rule.segment}", None, ""), known))
    return keys


def _field(condition: Condition) -> dict[str, Any]:
    operator, value = condition.operator, condition.value
    if operator in LISTS:
        value = list(value) if operator == "in" else [value]
    return _condition_spec("user_field", value, OPERATORS[operator], condition.attribute)


def _bucket(flag: Flag, share: int, known: dict[str, Any]) -> str:
    spec = _condition_spec("user_bucket", share * 10, "lt", "")  # of 1,000 buckets
    spec["additionalValues"] = {"salt": f"split of {flag.key}"}
    return _remember(spec, known)


def _condition_spec(kind: str, target: Any, operator: str | None, field: str) -> dict[str, Any]:
    return {
        "type": kind,
        "targetValue": target,
        "operator": operator,
        "field": field or None,
        "additionalValues": {},
        "idType": "userID",
    }


def _remember(spec: dict[str, Any], known: dict[str, Any]) -> str:
    key = hashlib.blake2s(json.dumps(spec, sort_keys=True).encode(), digest_size=6).hexdigest()
    known[key] = spec
    return key


def open_client(source: str) -> Statsig:
    options = StatsigOptions(
        data_store=InMemory(source),
        disable_network=True,
        disable_all_logging=True,
        disable_country_lookup=True,
        disable_disk_access=True,
        enable_id_lists=False,
        output_log_level="none",
    )
    client = Statsig("secret-key", options)
    client.initialize().wait()
    return client


USER = (
    "User(context['id'], context['email'], country=context['country'], app_version=context['version'], custom=context)"
)


def call(client: Statsig, flag: Flag) -> Call:
    if flag.is_boolean:
        return Call(f"check_gate({USER}, {flag.key!r})", {"check_gate": client.check_gate, "User": StatsigUser})
    return Call(
        f"get_dynamic_config({USER}, {flag.key!r}).value['value']",
        {"get_dynamic_config": client.get_dynamic_config, "User": StatsigUser},
    )


def call_all(client: Statsig, flags: tuple[Flag, ...]) -> Call:
    return Call(
        f"(lambda user: {{key: check_gate(user, key) for key in gates}}"
        f" | {{key: get_dynamic_config(user, key).value['value'] for key in configs}})({USER})",
        {
            "gates": [flag.key for flag in flags if flag.is_boolean],
            "configs": [flag.key for flag in flags if not flag.is_boolean],
            "check_gate": client.check_gate,
            "get_dynamic_config": client.get_dynamic_config,
            "User": StatsigUser,
        },
    )


def close(client: Statsig) -> None:
    client.shutdown().wait()
