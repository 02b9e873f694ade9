"""Flags: JSON to model and back."""

from collections.abc import Collection, Mapping
from typing import Any

from flagsite_sdk.engine.model import BUCKETS, Flag, FlagType, Prerequisite, Rule, Target, Variation
from flagsite_sdk.engine.operators.operator import is_number
from flagsite_sdk.engine.wire.conditions import condition, write_condition
from flagsite_sdk.engine.wire.reading import Reader, below
from flagsite_sdk.engine.wire.serves import serve, share, write_serve

HASH = "xxh3"
_TYPES = ("boolean", "string", "number", "json")
_REQUIRED = ("type", "enabled", "hash", "salt", "variations", "off_variation", "fallthrough")
_OPTIONAL = ("rollout_percentage", "targets", "prerequisites", "rules")


def flag(reader: Reader, key: Any, document: Any) -> Flag | None:
    """Read a flag; None when it is no object."""
    reader.key(key, "key")
    fields = reader.fields(document, "", required=_REQUIRED, optional=_OPTIONAL)
    if not fields:
        return None
    kind = _type(reader, fields)
    variations = _variations(reader, fields, kind)
    keys = frozenset(variation.key for variation in variations)
    off_variation = fields.get("off_variation")
    if "off_variation" in fields:
        known(reader, off_variation, "off_variation", keys)
    if fields.get("hash", HASH) != HASH:
        reader.problem("hash", f"Is not a known hash; known is {HASH}.")
    return Flag(
        key=key,
        type=kind,
        enabled=reader.boolean(fields.get("enabled", False), "enabled"),
        salt=reader.text(fields.get("salt", "-"), "salt"),
        variations=variations,
        off_variation=off_variation or "",
        fallthrough=serve(reader, fields.get("fallthrough"), "fallthrough", keys, absent="fallthrough" not in fields),
        rollout=reader.share(fields.get("rollout_percentage", 100), "rollout_percentage"),
        targets=_targets(reader, fields, keys),
        prerequisites=_prerequisites(reader, fields, key),
        rules=_rules(reader, fields, keys),
    )


def known(reader: Reader, key: Any, path: str, keys: Collection[str]) -> str:
    """A variation's key that has to be one of the flag's."""
    if isinstance(key, str) and key in keys:
        return key
    reader.problem(path, f"Is not one of the flag's variations: {key!r}.")
    return ""


def _type(reader: Reader, fields: Mapping[str, Any]) -> FlagType:
    kind = fields.get("type", "json")
    if kind in _TYPES:
        return kind  # type: ignore[no-any-return]  # checked just now
    reader.problem("type", "Must be boolean, string, number or json.")
    return "json"


def _variations(reader: Reader, fields: Mapping[str, Any], kind: FlagType) -> tuple[Variation, ...]:
    found: dict[str, Variation] = {}
    if "variations" not in fields:
        return ()
    for path, document in reader.items(fields["variations"], "variations"):
        one = reader.fields(document, path, required=("key", "value"))
        if "key" in one:
            key = reader.key(one["key"], below(path, "key"))
            if key in found:
                reader.problem(below(path, "key"), f"Another variation has the key {key!r}.")
            found[key] = Variation(key, one.get("value"))
        if "value" in one:
            _check_value(reader, one["value"], below(path, "value"), kind)
    return tuple(found.values())


def _check_value(reader: Reader, value: Any, path: str, kind: FlagType) -> None:
    reader.json(value, path)
    fits = {
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
        "number": is_number(value),
        "json": True,
    }
    if not fits[kind]:
        reader.problem(path, f"Must be a {kind}, as the flag's type says.")


def _targets(reader: Reader, fields: Mapping[str, Any], keys: Collection[str]) -> tuple[Target, ...]:
    found = []
    seen: set[str] = set()
    for path, document in reader.items(fields.get("targets", ()), "targets", empty=True):
        one = reader.fields(document, path, required=("variation", "ids"))
        if "variation" in one:
            known(reader, one["variation"], below(path, "variation"), keys)
        ids = []
        if "ids" in one:
            for at, item in reader.items(one["ids"], below(path, "ids")):
                name = reader.text(item, at)
                if name in seen:
                    reader.problem(at, f"The id {name!r} is targeted twice.")
                elif name:
                    seen.add(name)
                    ids.append(name)
        found.append(Target(str(one.get("variation")), tuple(ids)))
    return tuple(found)


def _prerequisites(reader: Reader, fields: Mapping[str, Any], key: Any) -> tuple[Prerequisite, ...]:
    found = []
    seen: set[str] = set()
    for path, document in reader.items(fields.get("prerequisites", ()), "prerequisites", empty=True):
        one = reader.fields(document, path, required=("flag", "variation"))
        flag_key = reader.key(one["flag"], below(path, "flag")) if "flag" in one else ""
        variation = reader.key(one["variation"], below(path, "variation")) if "variation" in one else ""
        if flag_key and flag_key in seen:
            reader.problem(below(path, "flag"), f"The flag {flag_key!r} is a prerequisite twice.")
        if flag_key and flag_key == key:
            reader.problem(below(path, "flag"), "A flag cannot be its own prerequisite.")
        seen.add(flag_key)
        found.append(Prerequisite(flag_key, variation))
    return tuple(found)


def _rules(reader: Reader, fields: Mapping[str, Any], keys: Collection[str]) -> tuple[Rule, ...]:
    found = []
    seen: set[str] = set()
    for path, document in reader.items(fields.get("rules", ()), "rules", empty=True):
        one = reader.fields(document, path, required=("id", "if", "serve"), optional=("name", "rollout_percentage"))
        rule = reader.key(one["id"], below(path, "id")) if "id" in one else ""
        if rule and rule in seen:
            reader.problem(below(path, "id"), f"Another rule has the id {rule!r}.")
        seen.add(rule)
        found.append(
            Rule(
                id=rule,
                condition=condition(reader, one.get("if", {"everyone": True}), below(path, "if")),
                serve=serve(reader, one.get("serve"), below(path, "serve"), keys, absent="serve" not in one),
                rollout=reader.share(one.get("rollout_percentage", 100), below(path, "rollout_percentage")),
                name=reader.text(one.get("name", ""), below(path, "name"), empty=True),
            )
        )
    return tuple(found)


def write_flag(flag: Flag) -> dict[str, Any]:
    """A flag as JSON, with every field."""
    return {
        "type": flag.type,
        "enabled": flag.enabled,
        "hash": HASH,
        "salt": flag.salt,
        "variations": [{"key": one.key, "value": one.value} for one in flag.variations],
        "off_variation": flag.off_variation,
        "fallthrough": write_serve(flag.fallthrough),
        "rollout_percentage": share(flag.rollout),
        "targets": [{"variation": one.variation, "ids": list(one.ids)} for one in flag.targets],
        "prerequisites": [{"flag": one.flag, "variation": one.variation} for one in flag.prerequisites],
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "if": write_condition(rule.condition),
                "serve": write_serve(rule.serve),
                "rollout_percentage": share(rule.rollout),
            }
            for rule in flag.rules
        ],
    }


__all__ = ["BUCKETS", "HASH", "flag", "known", "write_flag"]
