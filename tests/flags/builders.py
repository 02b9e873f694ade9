"""Flags and conditions in few words, and the requests by which they are made and decided."""

from typing import Any

from rest_framework.test import APIClient

from tests.conftest import Person

Json = dict[str, Any]
PRODUCTION = "?environment=production"


def equals(attribute: str, value: Any, **fields: Any) -> Json:
    return {"attribute": attribute, "operator": "equals", "value": value, **fields}


def rule(condition: Json, variation: str = "on", **fields: Any) -> Json:
    return {"if": condition, "serve": {"variation": variation}, **fields}


def split(**weights: float) -> Json:
    return {"split": [{"variation": key, "weight": weight} for key, weight in weights.items()]}


def boolean(key: str = "checkout", **fields: Any) -> Json:
    """The body of a flag that is on for everybody."""
    return {"key": key, "type": "boolean", "enabled": True, **fields}


def texts(key: str = "banner", **fields: Any) -> Json:
    """The body of a flag with three texts."""
    variations = [{"key": name, "value": f"Text {name}"} for name in ("a", "b", "c")]
    return {"key": key, "type": "string", "enabled": True, "variations": variations, **fields}


def create(person: Person, body: Json, *, environment: str = "production") -> Json:
    response = person.client().post(f"/flags?environment={environment}", body)
    assert response.status_code == 201, response.content
    created: Json = response.json()
    return created


def change(person: Person, key: str, *, environment: str = "production", **fields: Any) -> Json:
    response = person.client().patch(f"/flags/{key}?environment={environment}", fields)
    assert response.status_code == 200, response.content
    changed: Json = response.json()
    return changed


def create_segment(person: Person, key: str, **fields: Any) -> Json:
    response = person.client().post("/segments", {"key": key, **fields})
    assert response.status_code == 201, response.content
    created: Json = response.json()
    return created


def decide(sdk: APIClient, key: str, **context: Any) -> Json:
    response = sdk.post("/evaluate", {"flag_key": key, "context": {"id": "user-1", **context}})
    assert response.status_code == 200, response.content
    decided: Json = response.json()
    return decided
