"""Schemathesis asks every operation what nobody would: no 5xx, and no answer that /openapi.json does not describe."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Project
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, create_segment, equals, rule

pytestmark = pytest.mark.django_db

EXAMPLES: Final = int(os.environ.get("CONTRACT_EXAMPLES", "3"))
"""Of each operation; `make fuzz` asks for more."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT: Final = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # published so
SCHEMA: Final = openapi.from_dict(orjson.loads(orjson.dumps(DOCUMENT)))
SCHEMA.app = WSGIHandler()
OPERATIONS: Final = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture
def keys(ada: Person, shop: Project, server_key: str) -> dict[str, str]:
    """A shop in which there is one of everything, and who may ask for it."""
    create_segment(ada, "beta", **{"if": equals("plan", "pro")}, included=["ann"])
    create(ada, boolean(rules=[rule({"segment": "beta"}, id="beta")], targets=[{"variation": "off", "ids": ["bob"]}]))
    api = ada.client()
    steps = [{"percentage": 1}, {"percentage": 100, "after": "1h"}]
    assert api.post(f"/flags/checkout/ramp{PRODUCTION}", {"steps": steps}).status_code == 201
    edit = {"flag": "checkout", "environment": "staging", "set": {"rollout_percentage": 5}}
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "webhook": ("/webhooks", {"name": "Chat", "address": "https://chat.example/hook"}),
        "mail_notice": ("/mail-notices", {"name": "On call", "addresses": ["ops@shop.example"]}),
        "invitation": ("/invitations", {"email": "new@shop.example", "role": "viewer"}),
        "change_request": ("/change-requests", {"edits": [edit]}),
    }
    made = {name: str(api.post(path, body).json()["id"]) for name, (path, body) in bodies.items()}
    made["delivery"] = api.post(f"/webhooks/{made['webhook']}/test").json()["id"]
    there = {"project": "shop", "environment": "staging", "person": "ada", "server_key": server_key.split("_")[2]}
    return {"token of a person": ada.token, "key of an SDK": server_key, **there, **made}


def test_every_operation_is_asked() -> None:
    assert len(OPERATIONS) == sum(map(len, DOCUMENT["paths"].values()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_answer_is_one_that_is_described(operation: Any, keys: dict[str, str]) -> None:
    is_for_sdks = operation.path.startswith(("/sdk/", "/evaluate", "/ofrep/"))
    key = keys["key of an SDK" if is_for_sdks else "token of a person"]
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}

    @settings(
        max_examples=EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), st.sampled_from([True, True, False]))
    def ask(case: Case[Any], knows: bool) -> None:
        if knows:
            _name_what_is_there(case, keys)
        with _in_the_transaction_of_the_test():
            answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    ask()


@contextmanager
def _in_the_transaction_of_the_test() -> Iterator[None]:
    """Undo what a request does; and keep the connection, which a request gives back at its end."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def _name_what_is_there(case: Case[Any], keys: dict[str, str]) -> None:
    """Ask for things that exist; made-up keys lead nowhere but to a 404."""
    if "key" in case.path_parameters:
        case.path_parameters["key"] = "beta" if case.path.startswith("/segments") else "checkout"
    for name in keys.keys() & case.path_parameters.keys():
        case.path_parameters[name] = keys[name]
    for name, value in (("project", "shop"), ("environment", "production")):
        if name in case.query:
            case.query[name] = value
