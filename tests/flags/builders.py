"""Flags and conditions in few words, and the requests by which they are made and decided."""

from typing import Any

from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.models import Flag, FlagState, RevisionItem
from flags.services import create_flag, update_flag
from tests.conftest import SYSTEM, Person

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


def make(project: Project, key: str, **fields: Any) -> Flag:
    """Create a flag that is on in production, past the REST API."""
    environment = project.environments.get(key="production")
    given: Any = {"type": "boolean", "enabled": True, **fields}
    state: FlagState = create_flag(project=project, environment=environment, key=key, fields=given, by=SYSTEM)
    return state.flag


def in_(environment: Environment, **fields: Any) -> Json:
    """The fields of one environment's tab on a flag's page in the admin."""
    return {f"state_{environment.pk}_{name}": value for name, value in fields.items()}


def state_of(flag: Flag, environment: Environment) -> FlagState:
    return FlagState.objects.get(flag=flag, environment=environment)


def heads(project: Project) -> dict[str, int]:
    return dict(project.environments.values_list("key", "revision"))


def set_fields(flag: Flag, environment: Environment, comment: str = "", **fields: Any) -> RevisionItem:
    """Change the flag, and return the item of the revision that this made."""
    given: Any = fields
    update_flag(project=flag.project, environment=environment, key=flag.key, fields=given, by=SYSTEM, comment=comment)
    return newest(flag, environment)


def newest(flag: Flag, environment: Environment) -> RevisionItem:
    return RevisionItem.objects.filter(environment=environment, key=flag.key).latest("number")
