"""The endpoints field by field: what a small OpenAPI document becomes."""

from typing import Any

import pytest

from deploy.site.endpoints import pages
from deploy.site.kinds import kind, rows

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/flags/{key}": {
            "patch": {
                "tags": ["flags"],
                "description": "Change the fields that are sent.",
                "parameters": [
                    {"name": "key", "in": "path", "schema": {"type": "string"}, "description": "Its | key."}
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Change"}}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Flag"}}}},
                    "412": {"description": "It was changed meanwhile."},
                },
            }
        },
        "/segments": {"get": {"tags": ["segments"], "responses": {"204": {"description": ""}}}},
    },
    "components": {
        "schemas": {
            "Change": {"type": "object", "properties": {"enabled": {"type": "boolean"}}},
            "Flag": {
                "type": "object",
                "required": ["rules"],
                "properties": {"rules": {"type": "array", "items": {"$ref": "#/components/schemas/Rule"}}},
            },
            "Rule": {"type": "object", "description": "One rule.", "properties": {"id": {"type": "string"}}},
            "Unused": {"type": "object"},
        }
    },
}


def test_an_endpoint_says_what_it_takes_and_what_it_answers() -> None:
    page = pages(DOCUMENT)["flags"]
    assert "## PATCH /flags/\\{key}\n\nChange the fields that are sent." in page
    assert "| `key` | path | text | Its \\| key. |" in page
    assert "Takes [Change](#change)." in page
    assert "Answers `200` with [Flag](#flag)." in page
    assert "Answers `412`: It was changed meanwhile." in page


def test_a_page_holds_the_bodies_that_its_endpoints_speak_of_and_those_within_them() -> None:
    made = pages(DOCUMENT)
    assert [line for line in made["flags"].splitlines() if line.startswith("## ")][1:] == [
        "## Change",
        "## Flag",
        "## Rule",
    ]
    assert "| `rules` | list of [Rule](#rule) | yes |  |" in made["flags"]
    assert list(made) == ["flags", "segments"]
    assert "## Rule" not in made["segments"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 2000}, "text, at most 2,000 characters"),
        ({"type": "integer", "minimum": 0, "maximum": 100, "nullable": True}, "integer, 0 to 100 or null"),
        ({"type": "string", "format": "date-time"}, "moment (RFC 3339)"),
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        ({"oneOf": [{"type": "string"}, {"type": "number"}]}, "text or number"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "mapping to integer"),
        ({}, "any JSON"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words


def test_fields_of_nested_objects_stand_behind_their_object() -> None:
    inner = {"type": "object", "properties": {"weight": {"type": "number"}}, "required": ["weight"]}
    schema = {"properties": {"serve": inner, "split": {"type": "array", "items": inner}}}
    assert [(path, required) for path, _, required in rows(schema)] == [
        ("serve", False),
        ("serve.weight", True),
        ("split", False),
        ("split[].weight", True),
    ]
