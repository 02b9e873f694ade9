"""Flagsmith's features and segments, as its SDKs evaluate them locally, for Flagsite.

    python from_flagsmith.py environment.json > carried.json

Takes an environment document. A feature answers two questions there, so it becomes two flags: `banner` (boolean: is
it enabled) and, when it has values, `banner.value`.
"""

import json
import re
from typing import Any

from carried import Carried, NotCarried, Values, run
from documents import EVERYONE, Document, all_of, any_of, compared, divided, negated, targets_of

Gates = dict[str, tuple[Document, float]]
"""By segment: the condition of a rule for it, and its percentage."""

ORDERED = {
    "GREATER_THAN": "gt",
    "GREATER_THAN_INCLUSIVE": "gte",
    "LESS_THAN": "lt",
    "LESS_THAN_INCLUSIVE": "lte",
}
VERSIONS = {name: f"semver_{operator}" for name, operator in ORDERED.items()} | {"EQUAL": "semver_eq"}


def convert(export: Document) -> Carried:
    """Return what becomes of an environment."""
    carried = Carried()
    gates: Gates = {}
    overrides: dict[int, list[tuple[float, str, Document]]] = {}
    for segment in export["project"].get("segments", ()):
        where = f"segment {segment['name']}"
        try:
            gates[where] = carry_segment(segment, carried)
        except NotCarried as problem:
            carried.leave_out(where, f"{problem}; its overrides are left out too")
            continue
        for state in segment.get("feature_states") or ():
            priority = (state.get("feature_segment") or {}).get("priority", float("inf"))
            overrides.setdefault(state["feature"]["id"], []).append((priority, where, state))
    people: dict[int, list[tuple[str, Document]]] = {}
    for identity in export.get("identity_overrides") or ():
        for state in identity["identity_features"]:
            people.setdefault(state["feature"]["id"], []).append((identity["identifier"], state))
    for state in export["feature_states"]:
        number = state["feature"]["id"]
        ordered = sorted(overrides.get(number, ()), key=lambda each: each[0])
        rules = [(gates[where], override) for _, where, override in ordered]
        carry_feature(state, rules, people.get(number, []), carried)
    return carried


def carry_segment(segment: Document, carried: Carried) -> tuple[Document, float]:
    """Carry a segment; return the condition of a rule for it, and the share of it that the rule takes."""
    percentages: list[float] = []
    condition = all_of([condition_of(rule, percentages) for rule in segment["rules"]])
    share = percentages[0] if percentages else 100.0
    if condition == EVERYONE:
        return EVERYONE, share
    key = carried.segment_key(segment["name"])
    carried.segments.append({"key": key, "name": segment["name"], "if": condition})
    return {"segment": key}, share


def condition_of(rule: Document, percentages: list[float] | None) -> Document:
    """Return a segment's rule as a condition; a percentage that stands beside everything else goes to the list."""
    is_all = rule["type"] == "ALL"
    parts = []
    for each in rule.get("conditions") or ():
        if each["operator"] == "PERCENTAGE_SPLIT":
            alone = rule["type"] == "ANY" and len(rule["conditions"]) == 1
            if percentages is None or percentages or not (is_all or alone):
                raise NotCarried("a percentage split among other conditions")
            percentages.append(float(each["value"]))
        else:
            parts.append(comparison_of(each))
    nested = rule.get("rules") or ()
    inside = percentages if is_all else None
    parts += [part for part in (condition_of(each, inside) for each in nested) if part != EVERYONE]
    if rule["type"] == "NONE":
        return negated(any_of(parts)) if parts else EVERYONE
    return all_of(parts) if is_all else any_of(parts)


def comparison_of(condition: Document) -> Document:  # noqa: C901, PLR0911 - a line for each operator
    """Return a segment's condition; one on a missing trait is false, the negative ones too."""
    theirs, trait, value = condition["operator"], condition.get("property_") or "", condition["value"]
    attribute = "id" if trait == "$.identity.identifier" else trait
    if attribute.startswith("$."):
        raise NotCarried(f"a condition on {attribute}")
    if theirs in {"IS_SET", "IS_NOT_SET"}:
        return compared(attribute, "exists" if theirs == "IS_SET" else "not_exists")
    if theirs == "IN":
        items = value if isinstance(value, list) else json.loads(value) if value.startswith("[") else value.split(",")
        return compared(attribute, "in", [one for item in items for one in readings(str(item), booleans=False)])
    if str(value).endswith(":semver") and theirs in VERSIONS:
        return compared(attribute, VERSIONS[theirs], value.removesuffix(":semver"))
    if theirs == "EQUAL":
        return compared(attribute, "in", readings(value))
    if theirs == "NOT_EQUAL":
        among = readings(value)
        if len(among) > 1:
            return all_of([compared(attribute, "exists"), compared(attribute, "not_in", among)])
        return all_of([*is_text(attribute), compared(attribute, "not_equals", value)])
    if theirs in ORDERED:
        return compared(attribute, ORDERED[theirs], float(value))
    if theirs == "CONTAINS":
        return compared(attribute, "contains", value)
    if theirs == "NOT_CONTAINS":
        return all_of([*is_text(attribute), compared(attribute, "not_contains", value)])
    if theirs == "REGEX":
        return compared(attribute, "regex", f"^(?:{value})")  # theirs begins at the beginning
    raise NotCarried(f"the operator {theirs}")


def is_text(attribute: str) -> list[Document]:
    """Return the conditions that a trait is text: there, text that looks like a number is one."""
    return [compared(attribute, "regex", "^"), compared(attribute, "not_regex", r"^-?[0-9]+(\.[0-9]+)?$")]


def readings(text: str, *, booleans: bool = True) -> list[Any]:
    """Return a text and what else it may stand for: they compare by the trait's type, we by the value's."""
    found: list[Any] = [text]
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text):
        found.append(json.loads(text))
    if booleans and text.lower() in {"true", "false"}:
        found.append(text.lower() == "true")
    return found


def carry_feature(
    state: Document,
    overrides: list[tuple[tuple[Document, float], Document]],
    people: list[tuple[str, Document]],
    carried: Carried,
) -> None:
    """Carry a feature: whether it is enabled, and its value."""
    theirs = state["feature"]["name"]
    key = carried.key(theirs)
    enabled: Document = {"key": key, "type": "boolean", "name": theirs, "enabled": True, "off_variation": "off"}
    chosen = {True: "on", False: "off"}
    enabled["fallthrough"] = {"variation": chosen[state["enabled"]]}
    enabled["targets"] = targets_of((chosen[each["enabled"]], [identifier]) for identifier, each in people)
    enabled["rules"] = [rule_of(gate, {"variation": chosen[each["enabled"]]}) for gate, each in overrides]
    carried.flags.append(enabled)

    states = [state, *(each for _, each in overrides), *(each for _, each in people)]
    found = [value for each in states for value in values_of(each) if value is not None]
    if not found:
        return
    values = Values(found)
    flag: Document = {"key": carried.key(f"{theirs}.value"), "type": values.type, "name": theirs, "enabled": True}
    flag |= {"variations": values.variations, "off_variation": values.first}

    def serve(each: Document) -> Document:
        return serve_of(each, values, f"{theirs}.value", carried)

    flag["fallthrough"] = serve(state)
    flag["rules"] = [rule_of(gate, serve(each)) for gate, each in overrides]
    flag["targets"] = targets_of((serve(each)["variation"], [identifier]) for identifier, each in people)
    carried.flags.append(flag)


def values_of(state: Document) -> list[Any]:
    """Return every value that a state may serve."""
    options = state.get("multivariate_feature_state_values") or ()
    return [state["feature_state_value"], *(each["multivariate_feature_option"]["value"] for each in options)]


def serve_of(state: Document, values: Values, where: str, carried: Carried) -> Document:
    """Return a state's value, or its split; the share that no option takes is the control value's."""
    value = state["feature_state_value"]
    if value is None:
        carried.leave_out(where, "has no value in one place; its first value is served there")
    shares = [
        (values.name(each["multivariate_feature_option"]["value"]), each["percentage_allocation"])
        for each in state.get("multivariate_feature_state_values") or ()
    ]
    control = values.first if value is None else values.name(value)
    return divided([*shares, (control, 100 - sum(share for _, share in shares))])


def rule_of(gate: tuple[Document, float], serve: Document) -> Document:
    """Return the rule of a segment's override."""
    condition, percentage = gate
    return {"if": condition, "serve": serve, "rollout_percentage": percentage}


if __name__ == "__main__":
    run(convert)
