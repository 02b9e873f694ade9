"""Whatever is sent as a condition or as rules: it is refused with a problem, or SDKs can use what was taken."""

import json
from typing import Any

import pytest
from django.test import Client
from flagsite_sdk.engine.result import ErrorCode
from flagsite_sdk.engine.snapshot import Snapshot
from rest_framework.test import APIClient

from sdk_python.tests.fuzz.mutations import ROUNDS, Mutations
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, create_segment, rule

pytestmark = pytest.mark.django_db


def send(person: Person, path: str, body: bytes) -> bool:
    """Change something, with these bytes; tell whether that was taken."""
    headers = {"Authorization": f"Bearer {person.token}"}
    client = Client(raise_request_exception=True)  # what nobody expected ends the test where it happened
    answer = client.patch(path, body, content_type="application/json", headers=headers)
    assert answer.status_code in {200, 400, 413}, (answer.status_code, answer.content, body)
    if answer.status_code != 200:
        assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code == 200


def usable(sdk: APIClient, flag: str, context: Any) -> bool:
    """Tell whether an SDK could decide the flag by what it downloads."""
    snapshot = Snapshot(clock=lambda: 0.0)
    snapshot.replace(sdk.get("/sdk/config").content)
    return snapshot.detail(flag, context).error_code in {None, ErrorCode.INVALID_CONTEXT}


def body_of(mutations: Mutations, field: str, document: Any) -> bytes:
    """Return a body with this field, wrong in its structure or in its bytes."""
    if mutations.random.random() < 1 / 3:
        return mutations.spoilt(json.dumps({field: document}).encode())
    return json.dumps(mutations.altered({field: document})).encode()


def test_a_wrong_condition_of_a_segment(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "beta", **{"if": {"everyone": True}})
    create(ed, boolean(rules=[rule({"segment": "beta"}, id="beta")]))
    mutations, taken = Mutations(), 0
    for _ in range(ROUNDS // 30):
        case = mutations.case()
        conditions = [
            one["if"] for flag in case.flags.values() if isinstance(flag, dict) for one in flag.get("rules", ())
        ]
        if conditions and send(ed, "/segments/beta", body_of(mutations, "if", mutations.random.choice(conditions))):
            taken += 1
            assert usable(sdk, "checkout", case.context)
    assert taken, "some are only different"


def test_wrong_rules_of_a_flag(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "beta", **{"if": {"everyone": True}})
    create(ed, boolean())
    mutations, taken = Mutations(), 0
    for _ in range(ROUNDS // 30):
        case = mutations.case()
        rules = [one for flag in case.flags.values() if isinstance(flag, dict) for one in flag.get("rules", ())]
        if send(ed, f"/flags/checkout{PRODUCTION}", body_of(mutations, "rules", rules)):
            taken += 1
            assert usable(sdk, "checkout", case.context)
    assert taken, "some are only different"
