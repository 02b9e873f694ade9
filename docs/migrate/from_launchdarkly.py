"""LaunchDarkly's flags and segments, as its server-side SDKs read them, for Flagsite.

    python from_launchdarkly.py flagdata.json > carried.json

Takes the document that the Python SDK polls, and that its file data source reads: `flags` and `segments`, of one
environment.
"""

from datetime import UTC, datetime
from typing import Any

from carried import Carried, NotCarried, run, slug, typed
from documents import Document, all_of, any_of, compared, divided, negated, targets_of

LISTS: set[str] = set()
"""Attributes that hold lists: `in` asks whether one of their items is among the values."""

TEXTS = {"startsWith": "starts_with", "endsWith": "ends_with", "contains": "contains"}
EACH = {
    "matches": "regex",
    "lessThan": "lt",
    "lessThanOrEqual": "lte",
    "greaterThan": "gt",
    "greaterThanOrEqual": "gte",
    "before": "before",
    "after": "after",
    "semVerEqual": "semver_eq",
    "semVerLessThan": "semver_lt",
    "semVerGreaterThan": "semver_gt",
}


def convert(export: Document) -> Carried:
    """Return what becomes of an environment."""
    carried = Carried()
    for segment in export.get("segments", {}).values():
        carry_segment(segment, carried)
    flags = export.get("flags", {})
    keys = {key: typed(flag["variations"])[1] for key, flag in flags.items()}
    for flag in flags.values():
        carry_flag(flag, keys, carried)
    return carried


def carry_segment(segment: Document, carried: Carried) -> None:
    """Carry a segment: lists of keys, else any of its rules."""
    where = f"segment {segment['key']}"
    if segment.get("unbounded"):
        carried.leave_out(where, "a big segment's ids are not in the export; upload them as a file")
    if segment.get("includedContexts") or segment.get("excludedContexts"):
        carried.leave_out(where, "lists of contexts of other kinds than user")
    found: Document = {"key": carried.segment_key(segment["key"]), "name": segment["key"]}
    found |= {name: segment.get(name, []) for name in ("included", "excluded")}
    rules = []
    for rule in segment.get("rules", ()):
        try:
            rules.append(segment_rule(rule))
        except NotCarried as problem:
            carried.leave_out(where, problem)
    carried.segments.append({**found, "if": any_of(rules)} if rules else found)


def segment_rule(rule: Document) -> Document:
    """Return a segment's rule as a condition."""
    if rule.get("weight") is not None:
        raise NotCarried("a rule that takes only a share; give the flag's rule a rollout percentage")
    return all_of([condition_of(clause) for clause in rule["clauses"]])


def carry_flag(flag: Document, keys: dict[str, list[str]], carried: Carried) -> None:
    """Carry a flag; a rule that cannot be carried is left out whole, so that it lets nobody in by mistake."""
    theirs = flag["key"]
    kind, names, variations = typed(flag["variations"])
    off = flag.get("offVariation")
    if off is None:
        carried.leave_out(theirs, "has no off variation, so callers get their own default; the first one is served")
    found: Document = {"key": carried.key(theirs), "type": kind, "enabled": flag.get("on", False)}
    found |= {"variations": variations, "off_variation": names[off or 0]}
    found["prerequisites"] = [
        {"flag": slug(one["key"]), "variation": keys[one["key"]][one["variation"]]}
        for one in flag.get("prerequisites", ())
    ]
    found["targets"] = targets_of((names[target["variation"]], target["values"]) for target in flag.get("targets", ()))
    rules = [
        {
            "if": compared(f"{target['contextKind']}.key", "in", target["values"]),
            "serve": {"variation": names[target["variation"]]},
        }
        for target in flag.get("contextTargets", ())
        if target["values"] and target.get("contextKind", "user") != "user"
    ]
    for position, rule in enumerate(flag.get("rules", ())):
        where = f"{theirs}, rule {position}"
        try:
            condition = all_of([condition_of(clause) for clause in rule["clauses"]])
            rules.append({"if": condition, "serve": serve_of(rule, names, where, carried)})
        except NotCarried as problem:
            carried.leave_out(where, problem)
    fallthrough = serve_of(flag["fallthrough"], names, theirs, carried)
    carried.flags.append({**found, "rules": rules, **as_percentage(fallthrough, found["off_variation"])})


def as_percentage(serve: Document, off: str) -> Document:
    """Return a split between a variation and the off variation as a rollout percentage, which a ramp can move."""
    shares = serve.get("split", [])
    chosen = [share for share in shares if share["variation"] != off]
    if len(shares) != 2 or len(chosen) != 1:  # noqa: PLR2004 - one variation and the off variation
        return {"fallthrough": serve, "rollout_percentage": 100}
    by = {"bucket_by": serve["bucket_by"]} if "bucket_by" in serve else {}
    return {"fallthrough": {"variation": chosen[0]["variation"], **by}, "rollout_percentage": chosen[0]["weight"]}


def serve_of(part: Document, names: list[str], where: str, carried: Carried) -> Document:
    """Return the serve of a rule or of the fallthrough."""
    if part.get("variation") is not None:
        return {"variation": names[part["variation"]]}
    rollout = part["rollout"]
    if rollout.get("kind") == "experiment":
        carried.leave_out(where, "the experiment's split is carried, its measurement is not")
    shares = [(names[share["variation"]], share["weight"] / 1000) for share in rollout["variations"]]
    return divided(shares, attribute_of(rollout.get("bucketBy") or "key", rollout.get("contextKind")))


def attribute_of(reference: str, kind: str | None) -> str:
    """Return our name of an attribute: a user's by itself, another kind's behind the kind's name."""
    if kind is not None and reference.startswith("/"):  # a path; without a kind it is a name with a slash
        parts = reference[1:].split("/")
        reference = ".".join(part.replace("~1", "/").replace("~0", "~") for part in parts)
    if kind in {None, "user"}:
        return "id" if reference == "key" else reference
    return f"{kind}.{reference}"


def condition_of(clause: Document) -> Document:
    """Return a clause as a condition. A negated one asks for the attribute to be there, as theirs does."""
    operator, values = clause["op"], clause["values"]
    if operator == "segmentMatch":
        found = any_of([{"segment": slug(key)} for key in values])
        return negated(found) if clause.get("negate") else found
    attribute = attribute_of(clause["attribute"], clause.get("contextKind"))
    if attribute == "kind" or not values:
        raise NotCarried(f"a condition on {attribute!r}, which Flagsite has no word for")
    if operator == "in":
        found = compared(attribute, "any_of" if attribute in LISTS else "in", values)
    elif operator in TEXTS:
        found = compared(attribute, TEXTS[operator], values)
    elif operator in EACH:
        found = any_of([compared(attribute, EACH[operator], moment(value, operator)) for value in values])
    else:
        raise NotCarried(f"the operator {operator}")
    return all_of([compared(attribute, "exists"), negated(found)]) if clause.get("negate") else found


def moment(value: Any, operator: str) -> Any:
    """Return a value; a time in milliseconds becomes text, since numbers are seconds in Flagsite."""
    if operator in {"before", "after"} and not isinstance(value, str):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat().replace("+00:00", "Z")
    return value


if __name__ == "__main__":
    run(convert)
