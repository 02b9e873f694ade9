"""Change requests as people make them over REST, in few words."""

from typing import Any

from tests.conftest import Person
from tests.flags.builders import Json

TO_10 = {"flag": "checkout", "environment": "production", "set": {"rollout_percentage": 10}}


def proposed(person: Person, *edits: Json, **fields: Any) -> Json:
    response = person.client().post("/change-requests", {"edits": list(edits) or [TO_10], **fields})
    assert response.status_code == 201, response.content
    body: Json = response.json()
    return body


def read(person: Person, request: Json) -> Json:
    body: Json = person.client().get(f"/change-requests/{request['id']}").json()
    return body


def step(person: Person, request: Json, name: str, **body: Any) -> Any:
    """Do something with the change request as it was read."""
    seen = {} if name in {"withdraw", "unschedule"} else {"version": request["version"]}
    return person.client().post(f"/change-requests/{request['id']}/{name}", {**seen, **body})
