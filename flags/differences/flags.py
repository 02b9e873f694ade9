"""What changed between two documents of a flag, field by field."""

from collections.abc import Callable, Mapping
from typing import Final

from flags.differences.change import (
    LONGEST_NAME,
    Change,
    Changes,
    Document,
    Kind,
    bounded,
    from_to,
    quoted,
    same_field,
    unknown,
)
from flags.differences.lists import id_changes, list_changes
from segments.wording import clipped, condition_in_words, listed, value_in_words


def flag_created(flag: Document) -> str:
    """Return in one line what a new flag does."""
    rules = len(flag.get("rules", ()))
    parts = ["turned on" if flag["enabled"] else "turned off"]
    parts.append(f"the default rule serves {serve_in_words(flag['fallthrough'])}")
    parts += [f"rollout {percent(flag)}"] * (percent(flag) != "100 %")
    parts += [f"{rules} rule{'s' * (rules > 1)}"] * bool(rules)
    return ", ".join(parts)


def flag_parts(before: Document, after: Document) -> Changes:
    """Return the changes of a flag that was there and still is."""
    fields = sorted(name for name in before.keys() | after.keys() if not same_field(name, before, after))
    order = [name for name in _FLAG_FIELDS if name in fields] + [name for name in fields if name not in _FLAG_FIELDS]
    found: Changes = []
    for name in order:
        found += _FLAG_FIELDS.get(name, unknown(name))(before, after)
    return found


def _enabled(before: Document, after: Document) -> Changes:
    del before
    on = after["enabled"]
    return [Change(Kind.TURNED_ON if on else Kind.TURNED_OFF, "enabled", "Turned on." if on else "Turned off.")]


def _rollout(before: Document, after: Document) -> Changes:
    return [from_to("rollout_percentage", "Rollout", percent(before), percent(after))]


def _fallthrough(before: Document, after: Document) -> Changes:
    old, new = serve_in_words(before["fallthrough"]), serve_in_words(after["fallthrough"])
    return [from_to("fallthrough", "The default rule serves", old, new)]


def _off_variation(before: Document, after: Document) -> Changes:
    old, new = before["off_variation"], after["off_variation"]
    return [from_to("off_variation", "When off, serves", quoted(old), quoted(new))]


def _salt(before: Document, after: Document) -> Changes:
    del before, after
    sentence = "The salt changed: everybody is reshuffled into new buckets for rollouts and splits."
    return [Change(Kind.RESHUFFLED, "salt", sentence)]


def _hash(before: Document, after: Document) -> Changes:
    old, new = value_in_words(before.get("hash")), value_in_words(after.get("hash"))
    return [Change(Kind.RESHUFFLED, "hash", f"Bucketing {old} → {new}: everybody is reshuffled into new buckets.")]


def _variations(before: Document, after: Document) -> Changes:
    def told(entry: Document) -> str:
        return f"Variation {quoted(entry['key'])}"

    return list_changes(
        "variations",
        before,
        after,
        by="key",
        added=lambda entry, _: f"{told(entry)} added, with the value {value_in_words(entry.get('value'))}.",
        removed=lambda entry, _: f"{told(entry)} removed.",
        changed=lambda path, old, new: [
            from_to(f"{path}.value", f"{told(new)}: value", _value(old), _value(new)),
        ],
        name=told,
    )


def _value(entry: Document) -> str:
    return value_in_words(entry.get("value"))


def _prerequisites(before: Document, after: Document) -> Changes:
    def told(entry: Document) -> str:
        return f"Prerequisite {quoted(entry['flag'])}"

    return list_changes(
        "prerequisites",
        before,
        after,
        by="flag",
        added=lambda entry, _: f"{told(entry)} added: it must serve {quoted(entry['variation'])}.",
        removed=lambda entry, _: f"{told(entry)} removed (it had to serve {quoted(entry['variation'])}).",
        changed=lambda path, old, new: [
            from_to(path, f"{told(new)} must serve", quoted(old["variation"]), quoted(new["variation"])),
        ],
        name=told,
    )


def _targets(before: Document, after: Document) -> Changes:
    old, new = _ids_by_variation(before), _ids_by_variation(after)
    found: Changes = []
    for variation in dict.fromkeys([*old, *new]):
        told, path = f"targeted to {quoted(variation)}", f"targets[{variation}]"
        found += id_changes(path, told, list(old.get(variation, ())), list(new.get(variation, ())))
    return bounded("targets", found) or [Change(Kind.MOVED, "targets", "Targets are listed in another order.")]


def _ids_by_variation(flag: Document) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for target in flag.get("targets", ()):
        found.setdefault(target["variation"], {}).update(dict.fromkeys(target["ids"]))
    return found


def _rules(before: Document, after: Document) -> Changes:
    told = _telling_rules_apart(before, after)
    return list_changes(
        "rules",
        before,
        after,
        by="id",
        added=lambda rule, at: f"{told(rule)} added at position {at}: {_rule_in_words(rule)}.",
        removed=lambda rule, at: f"{told(rule)} removed from position {at}. It was: {_rule_in_words(rule)}.",
        changed=lambda path, old, new: _rule_changes(told(old), path, old, new),
        name=told,
    )


def _telling_rules_apart(*flags: Document) -> Callable[[Document], str]:
    """Return how a rule is called: by its name, and by its id as well where another one has that name too."""
    ids: dict[str, set[str]] = {}
    for rule in (rule for flag in flags for rule in flag.get("rules", ())):
        ids.setdefault(_rule_name(rule), set()).add(rule["id"])

    def told(rule: Document) -> str:
        name = _rule_name(rule)
        return f"Rule {name}" if len(ids[name]) == 1 else f"Rule {name} ({clipped(rule['id'], LONGEST_NAME)})"

    return told


def _rule_changes(told: str, path: str, old: Document, new: Document) -> Changes:
    found: Changes = []
    for name in sorted(old.keys() | new.keys()):
        if same_field(name, old, new):
            continue
        match name:
            case "name":
                found.append(from_to(f"{path}.name", f"{told} renamed", _rule_name(old), _rule_name(new)))
            case "if":
                one, other = condition_in_words(old["if"]), condition_in_words(new["if"])
                found.append(from_to(f"{path}.if", f"{told}: condition", one, other))
            case "serve":
                one, other = serve_in_words(old["serve"]), serve_in_words(new["serve"])
                found.append(from_to(f"{path}.serve", f"{told} serves", one, other))
            case "rollout_percentage":
                found.append(from_to(f"{path}.rollout_percentage", f"{told}: rollout", percent(old), percent(new)))
            case _:
                found += unknown(name, f"{path}.{name}", f"{told}: ")(old, new)
    return found


def _rule_name(rule: Document) -> str:
    return quoted(rule.get("name") or rule["id"])


def _rule_in_words(rule: Document) -> str:
    rollout = "" if percent(rule) == "100 %" else f", for {percent(rule)} of them"
    return f"if {condition_in_words(rule['if'])}{rollout}, serve {serve_in_words(rule['serve'])}"


def serve_in_words(serve: Document) -> str:
    """Return what is served: `"on"`, or `"a" 33.333 % and "b" 66.667 %`."""
    by = f", by {value_in_words(serve['bucket_by'])}" if serve.get("bucket_by", "id") != "id" else ""
    if "split" not in serve:
        return f"{quoted(serve['variation'])}{by}"
    shares = [f"{quoted(one['variation'])} {percent(one, 'weight')}" for one in serve["split"]]
    return f"{listed(shares, last='and', more='variations')}{by}"


def percent(document: Document, name: str = "rollout_percentage") -> str:
    """Return a percentage as people read it; 100 % where none is written."""
    return f"{document.get(name, 100):.3f}".rstrip("0").rstrip(".") + " %"


_FLAG_FIELDS: Final[Mapping[str, Callable[[Document, Document], Changes]]] = {
    "enabled": _enabled,
    "rollout_percentage": _rollout,
    "fallthrough": _fallthrough,
    "off_variation": _off_variation,
    "salt": _salt,
    "hash": _hash,
    "variations": _variations,
    "prerequisites": _prerequisites,
    "targets": _targets,
    "rules": _rules,
}
"""How each field's change is told, in the order in which a reader wants them."""
