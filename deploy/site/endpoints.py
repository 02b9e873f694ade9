"""The REST API field by field: pages of Markdown, one for each tag of an OpenAPI document. Knows nothing of the site.

What an address means is on the page that people wrote; here stands what it takes and gives, as the server declares it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.site.kinds import described, kind, named, rows

Document = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")


def pages(document: Document) -> dict[str, str]:
    """The text of each page, by its tag, in the order in which the document names them."""
    tags = dict.fromkeys(tag for _, _, operation in _operations(document) for tag in operation["tags"])
    return {tag: _page(document, tag) for tag in sorted(tags)}


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                yield method.upper(), path, operations[method]


def _page(document: Document, tag: str) -> str:
    mine = [each for each in _operations(document) if tag in each[2]["tags"]]
    parts = [
        f"# Endpoints: {tag}",
        "Made from [the OpenAPI document](../openapi.json) that the server gives at `/openapi.json`.",
    ]
    for method, path, operation in mine:
        parts += [f"## {method} {path}".replace("{", "\\{"), *_operation(operation)]
    schemas = document["components"]["schemas"]
    for name in sorted(_reached([operation for _, _, operation in mine], schemas)):
        schema = schemas[name]
        parts += [f"## {named(name)}", *_said(schema), _fields(schema) or described(schema)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _operation(operation: Document) -> Iterator[str]:
    yield from _said(operation)
    asked = [
        (f"`{each['name']}`", each["in"], kind(each["schema"]), described(each))
        for each in operation.get("parameters", [])
    ]
    if asked:
        yield _table(("Parameter", "In", "Type", "What it says"), asked)
    body = _json(operation.get("requestBody", {}))
    if body:
        yield f"Takes {kind(body)}."
    for status, response in operation["responses"].items():
        given, words = _json(response), described(response)
        yield f"Answers `{status}`{f' with {kind(given)}' if given else ''}{f': {words}' if words else '.'}"


def _json(holder: Document) -> Document:
    content: Document = holder.get("content", {})
    media = content.get("application/json") or content.get("application/problem+json") or {}
    schema: Document = media.get("schema", {})
    return schema


def _said(holder: Document) -> list[str]:
    return [holder["description"]] if holder.get("description") else []


def _fields(schema: Document) -> str:
    found = [
        (f"`{path}`", kind(field), "yes" if required else "", described(field))
        for path, field, required in rows(schema)
    ]
    return _table(("Field", "Type", "Always", "What it says"), found) if found else ""


def _table(head: tuple[str, ...], body: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _reached(start: object, schemas: Document) -> set[str]:
    """The named schemas that something speaks of, and those that they speak of."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found
