"""Conditions: JSON to model and back."""

from typing import Any

from flagsite_sdk.engine.model import All, AnyOf, Comparison, Condition, Everyone, InSegment, Not
from flagsite_sdk.engine.operators import find
from flagsite_sdk.engine.operators.operator import is_finite
from flagsite_sdk.engine.wire.reading import Reader, below, is_unicode

DEEPEST = 20
"""How deep conditions may be nested."""

_NOT_PLAIN = "Must be text, a finite number, a boolean or a list of them, as the operator asks."
_KINDS = ("attribute", "segment", "all", "any", "not", "everyone")


def condition(  # noqa: PLR0911  # one for each kind
    reader: Reader, document: Any, path: str, depth: int = 1
) -> Condition:
    """Read a condition; an unusable part of it is noted and stands as Everyone."""
    if depth > DEEPEST:
        reader.problem(path, f"Conditions are nested deeper than {DEEPEST} levels.")
        return Everyone()
    if not isinstance(document, dict):
        reader.problem(path, "Must be a condition.")
        return Everyone()
    kind = next((kind for kind in _KINDS if kind in document), None)
    if kind is None:
        reader.problem(path, f"A condition has one of the fields {', '.join(_KINDS)}.")
        for name in document:
            reader.problem(below(path, name), "Is not a known field.")
        return Everyone()
    if kind == "attribute":
        return _comparison(reader, document, path)
    reader.fields(document, path, required=(kind,))
    inner, inner_path = document[kind], below(path, kind)
    if kind == "segment":
        return InSegment(reader.key(inner, inner_path))
    if kind == "not":
        return Not(condition(reader, inner, inner_path, depth + 1))
    if kind == "everyone":
        if inner is not True:
            reader.problem(inner_path, "Must be true.")
        return Everyone()
    parts = tuple(condition(reader, part, at, depth + 1) for at, part in reader.items(inner, inner_path))
    return All(parts) if kind == "all" else AnyOf(parts)


def _comparison(reader: Reader, document: dict[str, Any], path: str) -> Condition:
    name = document.get("operator")
    operator = find(name) if isinstance(name, str) else None
    check = None if operator is None else operator.check
    takes_value = check is not None or operator is None
    reader.fields(
        document,
        path,
        required=("attribute", "operator", "value") if takes_value else ("attribute", "operator"),
        optional=("ignore_case",),
    )
    attribute = reader.text(document["attribute"], below(path, "attribute"))
    ignore_case = reader.boolean(document.get("ignore_case", False), below(path, "ignore_case"))
    if operator is None:
        if "operator" in document:
            reader.problem(below(path, "operator"), f"Is not a known operator: {name!r}.")
        return Everyone()
    if ignore_case and not operator.folds:
        reader.problem(below(path, "ignore_case"), f"Means nothing for the operator {name}.")
    value = document.get("value")
    value = tuple(value) if isinstance(value, list) else value
    if check is not None and "value" in document:
        at = below(path, "value")
        if not _is_plain(value):
            # what it takes instead, the operator says best; each refuses what is no scalar
            for suffix, message in check(value, ignore_case) if _holds_strangers(value) else [("", _NOT_PLAIN)]:
                reader.problem(at + suffix, message)
            return Everyone()
        for suffix, message in check(value, ignore_case):
            reader.problem(at + suffix, message)
    return Comparison(attribute, str(name), value, ignore_case)


def _holds_strangers(value: Any) -> bool:
    """Whether it is, or holds, what no operator compares with: nothing, above all."""
    items = value if isinstance(value, tuple) else (value,)
    return any(not isinstance(item, str | bool | int | float) for item in items)


def _is_plain(value: Any) -> bool:
    """Whether it is a scalar or a list of scalars that JSON can say."""
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str):
            if not is_unicode(item):
                return False
        elif not isinstance(item, bool | int | float) or not is_finite(item):
            return False
    return True


def write_condition(condition: Condition) -> dict[str, Any]:
    """A condition as JSON."""
    match condition:
        case Comparison(attribute, operator, value, ignore_case):
            document: dict[str, Any] = {"attribute": attribute, "operator": operator}
            if value is not None:
                document["value"] = list(value) if isinstance(value, tuple) else value
            if ignore_case:
                document["ignore_case"] = True
            return document
        case InSegment(segment):
            return {"segment": segment}
        case All(parts):
            return {"all": [write_condition(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [write_condition(part) for part in parts]}
        case Not(inner):
            return {"not": write_condition(inner)}
        case _:  # Everyone
            return {"everyone": True}
