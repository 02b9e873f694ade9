"""GrowthBook's features, as its SDKs read them, for Flagsite.

    python from_growthbook.py features.json > carried.json

Takes the answer of `GET /api/features/<client key>`: `features` and `savedGroups`, not encrypted.
"""

from typing import Any

from carried import Carried, NotCarried, Values, run, slug
from documents import EVERYONE, Document, all_of, any_of, compared, divided, negated

SIMPLE = {
    "$lt": "lt",
    "$lte": "lte",
    "$gt": "gt",
    "$gte": "gte",
    "$veq": "semver_eq",
    "$vlt": "semver_lt",
    "$vlte": "semver_lte",
    "$vgt": "semver_gt",
    "$vgte": "semver_gte",
}
PATTERNS = {"$regex": ("regex", False), "$regexi": ("regex", True)}
GROUPS = {"$inGroup": "$in", "$notInGroup": "$nin"}
MEMBERS = {"$in": False, "$ini": True}
NEGATIONS = {
    "$nin": "$in",
    "$nini": "$ini",
    "$ne": "$eq",
    "$vne": "$veq",
    "$notRegex": "$regex",
    "$notRegexi": "$regexi",
}


class GateNotCarried(NotCarried):
    """A prerequisite of the whole feature cannot be carried: nobody may pass it by."""


def convert(export: Document) -> Carried:
    """Return what becomes of the features of one SDK connection."""
    carried = Carried()
    groups = {
        key: group if isinstance(group, list) else group.get("values", [])
        for key, group in (export.get("savedGroups") or {}).items()
    }
    for key, feature in export["features"].items():
        carry_feature(key, feature, groups, carried)
    return carried


def carry_feature(theirs: str, feature: Document, groups: dict[str, list[Any]], carried: Carried) -> None:
    """Carry a feature: each rule is a rule, the default value is what the default rule serves."""
    default = feature.get("defaultValue")
    rules = feature.get("rules") or []
    found = [default]
    for rule in rules:
        found += [rule["force"]] if "force" in rule else rule.get("variations", [])
    values = Values(found)
    flag: Document = {"key": carried.key(theirs), "type": values.type, "name": theirs, "enabled": True}
    flag |= {"variations": values.variations, "off_variation": values.name(default)}
    flag["fallthrough"] = {"variation": values.name(default)}
    flag["rules"], flag["prerequisites"] = [], []
    for position, rule in enumerate(rules):
        where = f"{theirs}, rule {position}"
        try:
            flag["prerequisites"] += prerequisites_of(rule, flag, position)
            flag["rules"] += rules_of(rule, values, groups, where, carried)
        except GateNotCarried as problem:
            carried.leave_out(where, f"{problem}; the feature is carried switched off")
            flag["enabled"] = False
        except NotCarried as problem:
            carried.leave_out(where, problem)
    if flag["prerequisites"] or not flag["enabled"]:  # theirs is null then
        if flag["type"] == "boolean":
            flag["off_variation"] = "off"
        else:
            carried.leave_out(theirs, "is null there while the prerequisite is not met; here it is the default value")
    carried.flags.append(flag)


def rules_of(
    rule: Document, values: Values, groups: dict[str, list[Any]], where: str, carried: Carried
) -> list[Document]:
    """Return a rule as one of ours; as none when it is a prerequisite of the whole feature and nothing else."""
    for part in ("filters", "namespace", "range", "ranges", "contextualBanditRef"):
        if rule.get(part):
            raise NotCarried(f"{part}: who takes part cannot be said here")
    by = rule.get("hashAttribute") or "id"
    found: Document = {
        "if": condition_of(rule.get("condition") or {}, groups),
        "rollout_percentage": round(rule.get("coverage", 1) * 100, 3),
    }
    if "force" in rule:
        return [{**found, "serve": divided([(values.name(rule["force"]), 100)], by)}]
    variations = rule.get("variations")
    if not variations:
        return []
    carried.leave_out(where, "the experiment's split is carried, its measurement is not")
    weights = rule.get("weights") or [1 / len(variations)] * len(variations)
    shares = [(values.name(value), weight * 100) for value, weight in zip(variations, weights, strict=True)]
    return [{**found, "serve": divided(shares, by)}]


def prerequisites_of(rule: Document, flag: Document, position: int) -> list[Document]:
    """Return prerequisites of the whole feature; those of a single rule have no equal here.

    Raises:
        NotCarried: for a prerequisite of the rule alone.
        GateNotCarried: for one of the whole feature.
    """
    found = []
    for parent in rule.get("parentConditions") or ():
        if not parent.get("gate"):
            raise NotCarried(f"a prerequisite ({parent['id']}) of rule {position} alone")
        if flag["rules"]:
            raise GateNotCarried(f"a prerequisite ({parent['id']}) of rule {position} and those after it")
        match parent["condition"]:
            case {"value": bool(wanted)} | {"value": {"$eq": bool(wanted)}}:
                found.append({"flag": slug(parent["id"]), "variation": "on" if wanted else "off"})
            case _:
                raise GateNotCarried(f"a prerequisite ({parent['id']}) of a value that is neither true nor false")
    return found


def condition_of(condition: Document, groups: dict[str, list[Any]]) -> Document:
    """Return a condition on a context."""
    parts = []
    for name, wanted in condition.items():
        if name in {"$and", "$or", "$nor"}:
            inner = [condition_of(each, groups) for each in wanted]
            joined = all_of(inner) if name == "$and" else any_of(inner)
            parts.append(negated(joined) if name == "$nor" else joined)
        elif name == "$not":
            parts.append(negated(condition_of(wanted, groups)))
        elif name.startswith("$"):
            raise NotCarried(f"the operator {name}")
        elif isinstance(wanted, dict) and all(key.startswith("$") for key in wanted):
            parts += [comparison_of(name, operator, value, groups) for operator, value in wanted.items()]
        else:
            parts.append(comparison_of(name, "$eq", wanted, groups))
    return all_of([part for part in parts if part != EVERYONE])


def comparison_of(attribute: str, operator: str, value: Any, groups: dict[str, list[Any]]) -> Document:  # noqa: C901, PLR0911 - a line for each
    """Return one comparison; the negative ones hold for a missing attribute, here as there."""
    if operator in GROUPS:
        if value not in groups:
            raise NotCarried(f"the saved group {value}, which is not in the export")
        return comparison_of(attribute, GROUPS[operator], groups[value], groups)
    if operator in NEGATIONS:
        return negated(comparison_of(attribute, NEGATIONS[operator], value, groups))
    if operator == "$not":
        return negated(all_of([comparison_of(attribute, inner, each, groups) for inner, each in value.items()]))
    if operator == "$exists" or (operator == "$eq" and value is None):
        wanted = bool(value) if operator == "$exists" else False
        return compared(attribute, "exists" if wanted else "not_exists")
    if operator == "$eq" and not isinstance(value, dict | list):
        return compared(attribute, "equals", value)
    if operator in MEMBERS and value:
        fold = MEMBERS[operator] and any(isinstance(each, str) for each in value)
        pair = [compared(attribute, name, value, ignore_case=fold) for name in ("in", "any_of")]
        return any_of(pair)  # theirs takes one value or a list
    if operator == "$all" and value and not any(isinstance(each, dict | list) for each in value):
        return compared(attribute, "all_of", value)
    if operator in PATTERNS:
        name, fold = PATTERNS[operator]
        return compared(attribute, name, value, ignore_case=fold)
    if operator in SIMPLE and (operator.startswith("$v") or isinstance(value, int | float)):
        return compared(attribute, SIMPLE[operator], value)
    raise NotCarried(f"the operator {operator} with {value!r}")


if __name__ == "__main__":
    run(convert)
