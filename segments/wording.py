"""Conditions in plain English, for people who do not read JSON: the one place where they are put into words.

Pure, and bounded: of a long list the first few are named and the rest is counted. It reads documents in the wire's
shape and never judges them; what it does not know it shows as JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

LISTED: Final = 5
"""Values, ids or parts that are named; of more, it is said how many there are."""
LONGEST: Final = 400
"""Characters of a condition or of one value; the rest is cut off."""

OPERATORS: Final[Mapping[str, tuple[str, str]]] = {
    "equals": ("is", "is"),
    "not_equals": ("is not", "is not"),
    "in": ("is one of", "is one of"),
    "not_in": ("is not one of", "is not one of"),
    "any_of": ("has any of", "has any of"),
    "none_of": ("has none of", "has none of"),
    "all_of": ("has all of", "has all of"),
    "contains": ("contains", "contains any of"),
    "not_contains": ("does not contain", "contains none of"),
    "starts_with": ("starts with", "starts with any of"),
    "not_starts_with": ("does not start with", "starts with none of"),
    "ends_with": ("ends with", "ends with any of"),
    "not_ends_with": ("does not end with", "ends with none of"),
    "regex": ("matches the pattern", "matches the pattern"),
    "not_regex": ("does not match the pattern", "does not match the pattern"),
    "gt": ("is greater than", "is greater than"),
    "gte": ("is at least", "is at least"),
    "lt": ("is less than", "is less than"),
    "lte": ("is at most", "is at most"),
    "before": ("is before", "is before"),
    "after": ("is after", "is after"),
    "within_last": ("is within the last", "is within the last"),
    "in_current": ("is in the current", "is in the current"),
    "semver_eq": ("is version", "is version"),
    "semver_gt": ("is a version after", "is a version after"),
    "semver_gte": ("is at least version", "is at least version"),
    "semver_lt": ("is a version before", "is a version before"),
    "semver_lte": ("is at most version", "is at most version"),
    "ip_in": ("is an address in", "is an address in any of"),
    "not_ip_in": ("is not an address in", "is an address in none of"),
    "exists": ("is known", "is known"),
    "not_exists": ("is not known", "is not known"),
}
"""Every operator with one value, and with a list of them."""


def condition_in_words(condition: Any) -> str:
    """Return a condition as part of a sentence: `country is one of US, CA and not (email ends with @x)`."""
    return clipped(_words(condition))


def value_in_words(value: Any) -> str:
    """Return a value: a text as it is where that cannot be misread, in quotes otherwise; the rest as JSON."""
    return value if isinstance(value, str) and _is_plain(value) else clipped(_json(value))


def listed(words: Sequence[str], *, last: str = "", more: str = "more") -> str:
    """Return the first of the words, and how many more there are; with `last`, it stands before the last word."""
    shown = list(words[:LISTED])
    if len(words) > LISTED:
        return f"{', '.join(shown)} and {len(words) - LISTED:,} {more}"
    return ", ".join(shown) if not last or len(shown) < 2 else f"{', '.join(shown[:-1])} {last} {shown[-1]}"  # noqa: PLR2004 - a pair


def clipped(text: str, longest: int = LONGEST) -> str:
    """Return the text, cut off where it grows too long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _words(condition: Any, *, inside: bool = False) -> str:  # noqa: PLR0911 - one for each kind
    match condition:
        case {"attribute": str(attribute), "operator": operator}:
            return _comparison(attribute, operator, condition)
        case {"segment": str(segment)}:
            return f"in the segment {segment}"
        case {"all": [*parts]} if parts:
            return _joined(parts, "and", inside=inside)
        case {"any": [*parts]} if parts:
            return _joined(parts, "or", inside=inside)
        case {"not": {"segment": str(segment)}}:
            return f"not in the segment {segment}"
        case {"not": inner}:
            return f"not ({_words(inner)})"
        case {"everyone": True}:
            return "everyone"
        case _:
            return clipped(_json(condition))


def _joined(parts: Sequence[Any], word: str, *, inside: bool) -> str:
    if len(parts) == 1:
        return _words(parts[0], inside=inside)
    shown = [_words(part, inside=True) for part in parts[:LISTED]]
    rest = len(parts) - len(shown)
    shown += [f"{rest:,} more condition{'s' * (rest > 1)}"] * bool(rest)
    text = f" {word} ".join(shown)
    return f"({text})" if inside else text


def _comparison(attribute: str, operator: Any, condition: Mapping[str, Any]) -> str:
    value = condition.get("value")
    one, many = OPERATORS.get(operator, (str(operator), str(operator)))
    case = " (ignoring case)" if condition.get("ignore_case") else ""
    if "value" not in condition:
        return f"{value_in_words(attribute)} {one}{case}"
    if isinstance(value, list):
        return f"{value_in_words(attribute)} {many} {listed(_values(value))}{case}"
    return f"{value_in_words(attribute)} {one} {value_in_words(value)}{case}"


def _values(values: Sequence[Any]) -> list[str]:
    """Return the first values in words; the rest are only counted, so they stay unwritten."""
    return [value_in_words(value) for value in values[:LISTED]] + [""] * (len(values) - LISTED)


def _is_plain(text: str) -> bool:
    """Tell whether a text can be read without quotes: it has no spaces, and is neither a number nor a word of JSON."""
    if not text or len(text) > LONGEST or not text.isprintable() or set(' ,"()') & set(text):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return False


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
