"""Flags as the server writes them, in few words."""

from typing import Any

Document = dict[str, Any]


def boolean(*, on: bool = True, **fields: Any) -> Document:
    return {
        "type": "boolean",
        "enabled": on,
        "hash": "xxh3",
        "salt": "salt",
        "variations": [{"key": "on", "value": True}, {"key": "off", "value": False}],
        "off_variation": "off",
        "fallthrough": {"variation": "on"},
        **fields,
    }


def text(value: str, **fields: Any) -> Document:
    return constant("string", value, **fields)


def constant(kind: str, value: Any, **fields: Any) -> Document:
    return {
        "type": kind,
        "enabled": True,
        "hash": "xxh3",
        "salt": "salt",
        "variations": [{"key": "plain", "value": value}],
        "off_variation": "plain",
        "fallthrough": {"variation": "plain"},
        **fields,
    }


def split(**fields: Any) -> Document:
    shares = [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]
    return boolean(fallthrough={"split": shares}, **fields)


def rule(condition: Document, variation: str = "on", **fields: Any) -> Document:
    return {"id": "the-rule", "if": condition, "serve": {"variation": variation}, **fields}


def equals(attribute: str, value: Any) -> Document:
    return {"attribute": attribute, "operator": "equals", "value": value}
