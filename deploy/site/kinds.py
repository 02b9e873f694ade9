"""What an OpenAPI schema says, in a few words: its kind with its bounds, and its fields one by one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_FORMATS = {"date-time": "moment (RFC 3339)", "uuid": "UUID", "uri": "address", "double": "number"}


def kind(schema: Schema) -> str:
    """The kind in words: `text, at most 80 characters`, `list of NewStep`, `integer, 0 to 100, or null`."""
    words = _bare(schema)
    bounds = ", ".join(_bounds(schema))
    return words + (f", {bounds}" if bounds else "") + (" or null" if schema.get("nullable") else "")


def named(reference: str) -> str:
    """The name of a schema without the suffix that tells what is sent from what is answered, said twice at times."""
    return reference.rpartition("/")[2].replace("RequestRequest", "Request")


def described(holder: Schema) -> str:
    """Its description on one line."""
    return " ".join(str(holder.get("description", "")).split())


def rows(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """The fields with their dotted paths, whether each must be there; fields of nested objects behind their object."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield path, field, name in required
        yield from rows(field, f"{path}.")
        yield from rows(field.get("items", {}), f"{path}[].")


def _bare(schema: Schema) -> str:
    if "$ref" in schema:
        name = named(schema["$ref"])
        return f"[{name}](#{name.lower()})"
    for some in ("oneOf", "anyOf"):
        if some in schema:
            return " or ".join(dict.fromkeys(kind(each) for each in schema[some]))
    if "allOf" in schema:
        return " and ".join(kind(each) for each in schema["allOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"] if each is not None)
    return _by_type(schema)


def _by_type(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {kind(schema['items'])}"
        case "object":
            inner = schema.get("additionalProperties")
            return f"mapping to {kind(inner)}" if isinstance(inner, Mapping) and inner else "object"
        case "string":
            return _FORMATS.get(schema.get("format", ""), "text")
        case None:
            return "any JSON"
        case other:
            return str(other)


def _bounds(schema: Schema) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        yield f"{least} to {most}"
    elif least is not None:
        yield f"at least {least}"
    elif most is not None:
        yield f"at most {most}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']:,} characters"
    if "maxItems" in schema:
        yield f"at most {schema['maxItems']:,}"
    if "pattern" in schema:
        yield f"`{re.sub(r'`', '', schema['pattern'])}`"
