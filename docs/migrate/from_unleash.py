"""Unleash's feature flags, as its server-side SDKs read them, for Flagsite.

    python from_unleash.py features.json > carried.json

Takes the answer of `GET /api/client/features`, of one environment: `features` and `segments`. A flag with variants
becomes two: `banner` (boolean) and `banner.variant` (who gets which variant, with its payload).
"""

import json
from collections.abc import Iterable
from typing import Any

from carried import Carried, NotCarried, run, slug, typed
from documents import EVERYONE, Document, all_of, compared, divided, negated

OPERATORS = {
    "IN": "in",
    "NOT_IN": "not_in",
    "STR_CONTAINS": "contains",
    "STR_STARTS_WITH": "starts_with",
    "STR_ENDS_WITH": "ends_with",
    "NUM_EQ": "equals",
    "NUM_GT": "gt",
    "NUM_GTE": "gte",
    "NUM_LT": "lt",
    "NUM_LTE": "lte",
    "DATE_AFTER": "after",
    "DATE_BEFORE": "before",
    "SEMVER_EQ": "semver_eq",
    "SEMVER_GT": "semver_gt",
    "SEMVER_LT": "semver_lt",
    "REGEX": "regex",
}
FILLED_IN = ("appName", "environment")
"""What Unleash's SDKs say of themselves in every context."""
SHARES = {"flexibleRollout": "rollout", "gradualRolloutUserId": "percentage"}
NOTHING = {"number": 0, "json": None}
"""What the variation `disabled` holds, by the payload's type; else an empty text."""


def convert(export: Document) -> Carried:
    """Return what becomes of an environment."""
    carried = Carried()
    for segment in export.get("segments", ()):
        key = f"segment-{segment['id']}"
        try:
            condition = all_of([condition_of(each) for each in segment["constraints"]])
            carried.segments.append({"key": key, "name": segment.get("name", key), "if": condition})
            mention_what_is_filled_in(f"segment {segment['id']}", segment["constraints"], carried)
        except NotCarried as problem:
            carried.leave_out(f"segment {segment['id']}", problem)
    known = {each["key"] for each in carried.segments}
    for feature in export["features"]:
        carry_feature(feature, known, carried)
    return carried


def carry_feature(feature: Document, segments: set[str], carried: Carried) -> None:
    """Carry a flag: each strategy is a rule, a last one for everyone is the default rule."""
    theirs = feature["name"]
    key = carried.key(theirs)
    strategies = feature.get("strategies") or [{"name": "default"}]
    rules: list[Document] = []
    divisions: list[Document] = []
    for position, strategy in enumerate(strategies):
        where = f"{theirs}, strategy {position}"
        try:
            rule = rule_of(strategy, segments)
        except NotCarried as problem:
            carried.leave_out(where, problem)
            continue
        mention_what_is_filled_in(where, strategy.get("constraints") or (), carried)
        rules.append({**rule, "serve": with_bucket({"variation": "on"}, rule["by"])})
        variants = strategy.get("variants") or feature.get("variants") or []
        divisions.append({**rule, "by": split_by(variants, rule, where, carried), "variants": variants})
    prerequisites = [prerequisite_of(each, theirs, carried) for each in feature.get("dependencies") or ()]
    state = {
        "enabled": feature["enabled"],
        "prerequisites": [each for each in prerequisites if each],
        "name": theirs,
        "description": feature.get("description") or "",
    }
    carried.flags.append({"key": key, "type": "boolean", "off_variation": "off", **state, **rules_of(rules, "on")})
    if any(each["variants"] for each in divisions):
        carried.flags.append({"key": carried.key(f"{theirs}.variant"), **state, **variant_flag(divisions)})


def rule_of(strategy: Document, segments: set[str]) -> Document:
    """Return a strategy as a condition, a percentage, and what it buckets by."""
    name, parameters = strategy["name"], strategy.get("parameters") or {}
    conditions = [condition_of(each) for each in strategy.get("constraints") or ()]
    for number in strategy.get("segments") or ():
        if f"segment-{number}" not in segments:
            raise NotCarried(f"segment {number}, which was not carried")
        conditions.append({"segment": f"segment-{number}"})
    percentage, by = 100.0, "id"
    if name in SHARES:
        percentage = float(parameters[SHARES[name]])
        stickiness = parameters.get("stickiness", "default")
        if stickiness == "random" and percentage < 100:  # noqa: PLR2004 - everybody
            raise NotCarried("random stickiness: a context always gets the same here")
        by = attribute_of(stickiness)
    elif name == "userWithId":
        conditions.append(among("id", "in", listed(parameters["userIds"])))
    elif name == "remoteAddress":
        conditions.append(among("remoteAddress", "ip_in", listed(parameters["IPs"])))
    elif name != "default":
        raise NotCarried(f"the strategy {name}")
    return {"if": all_of(conditions), "rollout_percentage": percentage, "by": by}


def attribute_of(stickiness: str) -> str:
    """Return the attribute that a stickiness buckets by."""
    return stickiness if stickiness not in {"default", "userId", "random"} else "id"


def split_by(variants: list[Document], rule: Document, where: str, carried: Carried) -> str:
    """Return what variants are divided by: their own stickiness, which here the rule's percentage shares."""
    if not variants or "stickiness" not in variants[0]:
        return str(rule["by"])
    by = attribute_of(variants[0]["stickiness"])
    if by != rule["by"] and rule["rollout_percentage"] < 100:  # noqa: PLR2004 - everybody
        carried.leave_out(where, f"variants are divided by {by} there; here by {rule['by']}, as the percentage is")
        return str(rule["by"])
    return by


def mention_what_is_filled_in(where: str, constraints: Iterable[Document], carried: Carried) -> None:
    """Say which attributes their SDK knows by itself, and callers of ours have to pass."""
    for name in sorted({each["contextName"] for each in constraints} & set(FILLED_IN)):
        carried.leave_out(where, f"asks for {name}, which their SDK fills in: pass it as an attribute")


def rules_of(rules: list[Document], fallthrough: str) -> Document:
    """Return rules and default rule; who no strategy takes gets the off variation."""
    default: Document = {"fallthrough": {"variation": fallthrough}, "rollout_percentage": 0}
    if rules and rules[-1]["if"] == EVERYONE:
        default = {"fallthrough": rules[-1]["serve"], "rollout_percentage": rules[-1]["rollout_percentage"]}
        rules = rules[:-1]
    kept = [{name: rule[name] for name in ("if", "serve", "rollout_percentage")} for rule in rules]
    return {"rules": kept, **default}


def variant_flag(divisions: list[Document]) -> Document:
    """Return the flag that says which variant: the same rules, which serve splits."""
    keys = variant_keys(divisions)
    payloads = [json.loads(payload) for _, payload in keys]
    kinds = {payload["type"] for payload in payloads}
    kind = kinds.pop() if len(kinds) == 1 else "string"
    read = json.loads if kind in NOTHING else str
    values = [read(payload["value"]) for payload in payloads]
    kind, _, variations = typed([*values, NOTHING.get(kind, "")], [*keys.values(), "disabled"])
    rules: list[Document] = []
    for each in divisions:
        rules += overrides_of(each, keys)
        total = sum(one["weight"] for one in each["variants"])
        weights = [(keys[told(one)], one["weight"] * 100 / total) for one in each["variants"]]
        rules.append({**each, "serve": divided(weights or [("disabled", 100)], each["by"])})
    return {"type": kind, "variations": variations, "off_variation": "disabled", **rules_of(rules, "disabled")}


def variant_keys(divisions: list[Document]) -> dict[tuple[str, str], str]:
    """Return a key for each variant: two strategies may have one of the same name with another payload."""
    keys: dict[tuple[str, str], str] = {}
    for one in (one for each in divisions for one in each["variants"]):
        if told(one) not in keys:
            before = sum(slug(name) == slug(one["name"]) for name, _ in keys)
            keys[told(one)] = slug(one["name"]) + (f"-{before + 1}" if before else "")
    return keys


def told(variant: Document) -> tuple[str, str]:
    """Return a variant's name and payload, as text."""
    return variant["name"], json.dumps(variant.get("payload") or {"type": "string", "value": ""}, sort_keys=True)


def overrides_of(division: Document, keys: dict[tuple[str, str], str]) -> list[Document]:
    """Return rules for those who are given a variant by name; inside the strategy's percentage, as there."""
    return [
        {
            "if": all_of([division["if"], compared(field_of(one["contextName"]), "in", one["values"])]),
            "serve": with_bucket({"variation": keys[told(variant)]}, division["by"]),
            "rollout_percentage": division["rollout_percentage"],
        }
        for variant in division["variants"]
        for one in variant.get("overrides") or ()
    ]


def prerequisite_of(dependency: Document, where: str, carried: Carried) -> Document | None:
    """Return a parent as a prerequisite."""
    parent, variants = dependency["feature"], dependency.get("variants") or []
    if len(variants) > 1:
        carried.leave_out(where, f"the parent {parent} may serve one of several variants; here it is one")
        return None
    if variants:
        return {"flag": f"{slug(parent)}.variant", "variation": slug(variants[0])}
    return {"flag": slug(parent), "variation": "on" if dependency.get("enabled", True) else "off"}


def condition_of(constraint: Document) -> Document:
    """Return a constraint as a condition."""
    theirs = constraint["operator"]
    if theirs not in OPERATORS:
        raise NotCarried(f"the operator {theirs}")
    if constraint["contextName"] == "currentTime":
        raise NotCarried("the time: rules have no clock of their own; publish the change at its time")
    operator, ignore_case = OPERATORS[theirs], bool(constraint.get("caseInsensitive"))
    value: Any = constraint.get("value")
    if theirs in {"IN", "NOT_IN"} or theirs.startswith("STR_"):
        value = constraint["values"]
        if not value:
            found = among("", "in", []) if operator != "not_in" else EVERYONE
            return negated(found) if constraint.get("inverted") else found
    elif theirs.startswith("NUM_"):
        value = float(value)
    may_fold = theirs.startswith("STR_") or theirs == "REGEX"
    found = compared(field_of(constraint["contextName"]), operator, value, ignore_case=ignore_case and may_fold)
    return negated(found) if constraint.get("inverted") else found


def among(attribute: str, operator: str, values: list[str]) -> Document:
    """Return that an attribute is one of these; nobody is one of none."""
    return compared(attribute, operator, values) if values else negated(EVERYONE)


def field_of(name: str) -> str:
    """Return our name of a context's field."""
    return "id" if name == "userId" else name


def listed(text: str) -> list[str]:
    """Return the items of a text with commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def with_bucket(serve: Document, by: str) -> Document:
    """Return a serve that buckets by an attribute."""
    return serve if by == "id" else {**serve, "bucket_by": by}


if __name__ == "__main__":
    run(convert)
