"""A flag's state as it is going to be: completed, and checked as a whole before anything is written.

The engine's own reader decides whether a definition can be used, so that what is refused here is exactly what SDKs
would refuse. This module adds what one definition cannot know: whether the segments and flags that it names exist,
and whether prerequisites go round in a circle.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count
from typing import Any

from django.utils.text import slugify
from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.model import Flag as Definition
from flagsite_sdk.engine.references import named_segments
from flagsite_sdk.engine.wire import read_flag

from flags.documents import HASH, bare_variations, percentage_number
from flags.limits import MAX_PREREQUISITES, MAX_RULES, MAX_TARGETED_IDS, MAX_VARIATIONS
from flags.models import Flag, FlagState, FlagType
from flags.models.flag import MAX_SALT
from flags.querysets import prerequisite_graph, variations_of
from flagsite.lib.canonical import same
from flagsite.lib.cycles import cycle_through
from flagsite.lib.problems import InputError, InvalidInput
from segments.querysets import missing_segments

Document = dict[str, Any]

BOOLEAN_VARIATIONS = [{"key": "on", "value": True}, {"key": "off", "value": False}]


def new_document(fields: Mapping[str, Any]) -> Document:
    """Return the document of a new flag that is disabled, everywhere the same but for what the caller sets.

    A boolean flag serves the variation that is false when off and the one that is true otherwise. Any other type
    serves its first variation in both cases, until somebody says otherwise.
    """
    kind = fields.get("type")
    variations = fields.get("variations")
    if variations is None:
        if kind in FlagType.values and kind != "boolean":
            raise InvalidInput.at("variations", "A flag needs variations; only a boolean one has some by default.")
        variations = [dict(entry) for entry in BOOLEAN_VARIATIONS]
    usable = [entry for entry in variations if isinstance(entry, dict)] if isinstance(variations, list) else []
    first = usable[0].get("key") if usable else None
    return {
        "type": kind,
        "enabled": False,
        "hash": HASH,
        "salt": secrets.token_hex(8),
        "variations": variations,
        "off_variation": _key_of_value(usable, False, first) if kind == "boolean" else first,
        "fallthrough": {"variation": _key_of_value(usable, True, first) if kind == "boolean" else first},
        "rollout_percentage": 100,
        "targets": [],
        "prerequisites": [],
        "rules": [],
    }


def _key_of_value(variations: Sequence[Document], value: bool, otherwise: Any) -> Any:
    return next((entry.get("key") for entry in variations if entry.get("value") is value), otherwise)


def with_rule_ids(rules: Any, present: Sequence[Document]) -> Any:
    """Give each rule without an id one: that of the present rule with the same name and condition, else a new one.

    A new id is made of the rule's name, because it is what evaluations, logs and metrics show.
    """
    if not isinstance(rules, list):
        return rules
    taken = {rule["id"] for rule in rules if isinstance(rule, dict) and isinstance(rule.get("id"), str)}
    reusable = [rule for rule in present if rule["id"] not in taken]
    completed = []
    for rule in rules:
        if not isinstance(rule, dict) or "id" in rule:
            completed.append(rule)
            continue
        same = next((old for old in reusable if _recognisable(old) == _recognisable(rule)), None)
        if same:
            reusable.remove(same)
        own = same["id"] if same else _new_id(rule.get("name"), taken)
        taken.add(own)
        completed.append({"id": own, **rule})
    return completed


def _new_id(name: Any, taken: set[str]) -> str:
    stem = slugify(name)[:100].strip("-_") if isinstance(name, str) else ""
    stem = stem or "rule"
    return next(each for each in chain([stem], (f"{stem}-{n}" for n in count(2))) if each not in taken)


def _recognisable(rule: Document) -> tuple[Any, Any]:
    return rule.get("name", ""), rule.get("if")


@dataclass(frozen=True)
class Draft:
    """A state before and after a change; `definition` is `new` as the engine reads it."""

    state: FlagState
    old: Document
    new: Document
    definition: Definition

    def changes(self, name: str) -> bool:
        """Tell whether this part of the document is another one."""
        return not same(self.new[name], self.old[name])


def draft(state: FlagState, old: Document, fields: Mapping[str, Any]) -> Draft:
    """Return the state as it will be with these fields, and with the variations that its flag now has.

    Raises:
        InvalidInput: naming every place that is wrong; when the fields are not to blame (a variation was taken away
            that this environment serves), the messages name the environment.
    """
    where = "" if fields else f"In the environment `{state.environment.key}`: "
    new = {**old, "variations": bare_variations(state.flag.variations), **fields}
    if too_much := _over_limits(new):  # before each of them is looked at
        raise InvalidInput.of([_located(error, where) for error in too_much])
    new["rules"] = with_rule_ids(new["rules"], state.rules)
    errors = _wrong_names(state.flag.variations)
    try:
        definition = read_flag(state.flag.key, new)
    except Malformed as malformed:
        errors += [InputError(problem.path, problem.message) for problem in malformed.problems]
    if errors:
        raise InvalidInput.of([_located(error, where) for error in errors])
    new["rollout_percentage"] = percentage_number(Decimal(str(new["rollout_percentage"])))
    return Draft(state=state, old=old, new=new, definition=definition)


def _located(error: InputError, where: str) -> InputError:
    """Say in which environment a place is, unless it is the same place in all of them."""
    return error if error.path.startswith(("variations", "type")) else InputError(error.path, where + error.message)


def _wrong_names(variations: Any) -> list[InputError]:
    return [
        InputError(f"variations[{index}].name", "A name is a text of at most 200 characters.")
        for index, entry in enumerate(variations if isinstance(variations, list) else [])
        if isinstance(entry, dict)
        and "name" in entry
        and not (isinstance(entry["name"], str) and len(entry["name"]) <= 200)  # noqa: PLR2004 - said in the message
    ]


def _over_limits(document: Document) -> list[InputError]:
    targets = document.get("targets")
    targeted = [entry.get("ids") for entry in targets if isinstance(entry, dict)] if isinstance(targets, list) else []
    sizes = (
        ("variations", document.get("variations"), MAX_VARIATIONS, "variations"),
        ("rules", document.get("rules"), MAX_RULES, "rules"),
        ("prerequisites", document.get("prerequisites"), MAX_PREREQUISITES, "prerequisites"),
        ("targets", targets, MAX_TARGETED_IDS, "targets"),
        (
            "targets",
            [i for ids in targeted if isinstance(ids, list) for i in ids],
            MAX_TARGETED_IDS,
            "targeted ids",
        ),
    )
    errors = [
        InputError(path, f"A flag has at most {limit} {what}, not {len(entries)}.")
        for path, entries, limit, what in sizes
        if isinstance(entries, list) and len(entries) > limit
    ]
    salt = document.get("salt")
    if isinstance(salt, str) and len(salt) > MAX_SALT:
        errors.append(InputError("salt", f"A salt has at most {MAX_SALT} characters."))
    return errors


def check_references(draft: Draft) -> None:
    """Check what a definition newly names outside of itself.

    What it named before is there still: segments in use cannot go, nor can flags and variations that are required.

    Raises:
        InvalidInput: for a segment, flag or variation that does not exist, and for prerequisites in a circle.
    """
    definition, project = draft.definition, draft.state.flag.project
    segments = named_segments(definition) if draft.changes("rules") else ()
    errors = [
        InputError("rules", f"There is no segment `{key}` in the project.")
        for key in missing_segments(segments, project=project)
    ]
    required = definition.prerequisites if draft.changes("prerequisites") else ()
    wanted = {entry.flag: entry.variation for entry in required}
    known = variations_of(wanted, project=project) if wanted else {}
    for index, entry in enumerate(required):
        if entry.flag not in known:
            errors.append(InputError(f"prerequisites[{index}].flag", f"There is no flag `{entry.flag}`."))
        elif entry.variation not in known[entry.flag]:
            message = f"The flag `{entry.flag}` has no variation `{entry.variation}`."
            errors.append(InputError(f"prerequisites[{index}].variation", message))
    if wanted and not errors:
        graph = prerequisite_graph(draft.state.environment) | {definition.key: set(wanted)}
        circle = cycle_through(definition.key, graph)
        if circle:
            message = f"Prerequisites would go round in a circle: {' → '.join(circle)}."
            errors.append(InputError("prerequisites", message))
    if errors:
        raise InvalidInput.of(errors)


def check_wanted_variations(flag: Flag) -> None:
    """Check that no other flag's prerequisite wants a variation that the flag no longer has.

    Raises:
        InvalidInput: naming the flag and environment that want it.
    """
    left = [entry["key"] for entry in flag.variations]
    orphan = flag.required_by.exclude(variation__in=left).select_related("state__flag", "state__environment").first()
    if orphan:
        message = f"The variation `{orphan.variation}` cannot go: the {orphan.state} has it as a prerequisite."
        raise InvalidInput.at("variations", message)
