"""ConfigCat: its own configuration JSON as a local-only override, held in memory."""

import secrets
from typing import Any

from configcatclient import ConfigCatClient, ConfigCatOptions, PollingMode
from configcatclient.config import Comparator, fixup_config_salt_and_segments
from configcatclient.overridedatasource import FlagOverrides, OverrideBehaviour, OverrideDataSource
from configcatclient.user import User
from workloads import EVERYONE, Condition, Environment, Flag, Rule

from peers import Call, CannotExpress

PACKAGE = "configcat-client"
REMARK = "local-only override in memory (its file source asks the file system on each call); user object built per call"

OPERATORS = {
    "in": (Comparator.IS_ONE_OF, "l"),
    "equals": (Comparator.EQUALS, "s"),
    "contains": (Comparator.CONTAINS_ANY_OF, "l"),
    "starts_with": (Comparator.STARTS_WITH_ANY_OF, "l"),
    "ends_with": (Comparator.ENDS_WITH_ANY_OF, "l"),
    "gt": (Comparator.GREATER_THAN_NUMBER, "d"),
    "gte": (Comparator.GREATER_THAN_OR_EQUAL_NUMBER, "d"),
    "lt": (Comparator.LESS_THAN_NUMBER, "d"),
    "semver_gte": (Comparator.GREATER_THAN_OR_EQUAL_SEMVER, "s"),
    "semver_lt": (Comparator.LESS_THAN_SEMVER, "s"),
}


class InMemory(FlagOverrides):
    """An override source that holds its configuration."""

    def __init__(self, config: dict[str, Any]) -> None:
        fixup_config_salt_and_segments(config)
        self._config = config

    def create_data_source(self, _log: Any) -> OverrideDataSource:
        source = OverrideDataSource(OverrideBehaviour.LocalOnly)
        source.get_overrides = lambda: self._config
        return source


def prepare(environment: Environment) -> dict[str, Any]:
    numbers = {key: number for number, key in enumerate(environment.segments)}
    return {
        "p": {"u": "", "r": 0, "s": "salt"},
        "s": [{"n": key, "r": [*map(_condition, conditions)]} for key, conditions in environment.segments.items()],
        "f": {flag.key: _setting(flag, numbers) for flag in environment.flags},
    }


def _setting(flag: Flag, segments: dict[str, int]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "t": 0 if flag.is_boolean else 1,
        "v": _value(flag, flag.fallthrough),
        "r": [_rule(flag, rule, segments) for rule in flag.rules],
    }
    if flag.split:
        setting["p"] = [{"p": share, "v": _value(flag, name)} for name, share in flag.split]
    return setting


def _rule(flag: Flag, rule: Rule, segments: dict[str, int]) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = [{"u": _condition(condition)} for condition in rule.conditions]
    if rule.segment:
        conditions.append({"s": {"s": segments[rule.segment], "c": 0}})
    if rule.percentage == EVERYONE:
        return {"c": conditions, "s": {"v": _value(flag, rule.serve)}}
    options = [(rule.percentage, rule.serve), (EVERYONE - rule.percentage, flag.fallthrough)]
    return {"c": conditions, "p": [{"p": share, "v": _value(flag, name)} for share, name in options]}


def _value(flag: Flag, name: str) -> dict[str, Any]:
    return {"b" if flag.is_boolean else "s": flag.variations[name]}


def _condition(condition: Condition) -> dict[str, Any]:
    if condition.operator not in OPERATORS:
        raise CannotExpress(f"no operator for {condition.operator}")
    comparator, slot = OPERATORS[condition.operator]
    value = condition.value
    if slot == "l":
        value = list(value) if condition.operator == "in" else [value]
    return {"a": condition.attribute, "c": int(comparator), slot: float(value) if slot == "d" else value}


def open_client(source: dict[str, Any]) -> ConfigCatClient:
    options = ConfigCatOptions(polling_mode=PollingMode.manual_poll(), offline=True, flag_overrides=InMemory(source))
    return ConfigCatClient.get(f"configcat-sdk-1/{secrets.token_hex(11)}/{secrets.token_hex(11)}", options)


def call(client: ConfigCatClient, flag: Flag) -> Call:
    return Call(
        f"value({flag.key!r}, {flag.default!r}, User(context['id'], custom=context))",
        {"value": client.get_value, "User": User},
    )


def call_all(client: ConfigCatClient, flags: tuple[Flag, ...]) -> Call:  # noqa: ARG001 - it knows its flags
    return Call("values(User(context['id'], custom=context))", {"values": client.get_all_values, "User": User})


def close(client: ConfigCatClient) -> None:
    client.close()
