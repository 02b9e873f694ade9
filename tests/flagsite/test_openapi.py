"""/openapi.json describes every address, and what comes back is what it describes."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from flags.errors import ApprovalRequired
from flagsite import api_document
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, create_segment, equals, rule

Json = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> Json:
    found: Json = Client().get("/openapi.json").json()
    return found


def test_it_is_valid_and_made_without_a_warning(schema: Json, capsys: pytest.CaptureFixture[str]) -> None:
    GENERATOR_STATS.reset()
    api_document.made.cache_clear()
    validate_schema(Client().get("/openapi.json").json())  # type: ignore[no-untyped-call]  # published so
    assert schema["openapi"].startswith("3.")
    assert "Warning" not in capsys.readouterr().err
    assert not GENERATOR_STATS


def test_it_is_made_once_for_everybody(schema: Json) -> None:
    before = api_document.made.cache_info().misses
    assert Client().get("/openapi.json", HTTP_HOST="127.0.0.1").json() == schema
    assert api_document.made.cache_info().misses == before


def test_every_address_and_method_is_described(schema: Json) -> None:
    described = {(path, method) for path, methods in schema["paths"].items() for method in methods}
    served = set()
    for included in get_resolver().url_patterns:
        for pattern in getattr(included, "url_patterns", []):
            view = getattr(pattern.callback, "view_class", None) if isinstance(pattern, URLPattern) else None
            if view is not None and ".api." in view.__module__:
                path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
                served |= {(path, method) for method in view.http_method_names if hasattr(view, method)}
    assert {each for each in served if each[1] != "options"} == described


def test_every_operation_says_what_it_does_and_which_key_it_wants(schema: Json) -> None:
    operations = [each for methods in schema["paths"].values() for each in methods.values()]
    assert [each["operationId"] for each in operations if not each.get("description")] == []
    assert [each["operationId"] for each in operations if not each.get("security")] == []
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_the_problem_that_names_a_way_out_names_an_operation_of_the_page(schema: Json) -> None:
    proposing = schema["paths"]["/change-requests"]["post"]
    assert ApprovalRequired.type == f"/docs#/{proposing['tags'][0]}/{proposing['operationId']}"
    assert len(proposing["requestBody"]["content"]["application/json"]["examples"]) == 2


def described_by(schema: Json, path: str, method: str = "get", status: str = "200") -> Json:
    found: Json = schema["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
    return found


def resolve(schema: Json, part: Json) -> Json:
    if "$ref" in part:
        return resolve(schema, schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]])
    return part


def assert_described(schema: Json, part: Json, value: Any, where: str = "") -> None:
    """Check names of members, and kinds of values, all the way down."""
    part = resolve(schema, part)
    if value is None:
        assert part.get("nullable") or not part.get("type"), f"{where} is null"
        return
    options = part.get("oneOf", part.get("allOf"))
    if options:
        fitting = [each for each in options if value.keys() <= resolve(schema, each)["properties"].keys()]
        assert fitting, f"{where}: {value}"
        assert_described(schema, fitting[0], value, where)
        return
    kinds: dict[str | None, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        None: object,
    }
    assert isinstance(value, kinds[part.get("type")]), f"{where}: {value!r}"
    if "properties" in part and not part.get("additionalProperties"):
        required = set(part.get("required", ()))
        assert required <= value.keys() <= part["properties"].keys(), f"{where}: {value.keys()}"
        for name, inner in value.items():
            assert_described(schema, part["properties"][name], inner, f"{where}.{name}")
    elif isinstance(part.get("additionalProperties"), dict):
        for name, inner in value.items():
            assert_described(schema, part["additionalProperties"], inner, f"{where}.{name}")
    elif "items" in part:
        for index, inner in enumerate(value):
            assert_described(schema, part["items"], inner, f"{where}[{index}]")


@pytest.mark.django_db
def test_what_comes_back_has_exactly_the_fields_that_are_described(schema: Json, ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "beta", **{"if": equals("plan", "pro")}, included=["ann"])
    create(ed, boolean("login"))
    flag = boolean(
        rules=[rule({"segment": "beta"}, id="beta")],
        targets=[{"variation": "off", "ids": ["bob"]}],
        prerequisites=[{"flag": "login", "variation": "on"}],
        tags=["pay"],
    )
    client = ed.client()
    answers = [
        ("/flags", "post", "201", client.post(f"/flags{PRODUCTION}", flag)),
        ("/flags", "get", "200", client.get(f"/flags{PRODUCTION}&page_size=1")),
        ("/flags/{key}", "get", "200", client.get(f"/flags/checkout{PRODUCTION}")),
        ("/flags/{key}", "patch", "200", client.patch(f"/flags/checkout{PRODUCTION}", {"name": "New"})),
        ("/flags/{key}/audit", "get", "200", client.get(f"/flags/checkout/audit{PRODUCTION}&user_id=ann")),
        ("/flags/{key}/rollout", "post", "200", client.post(f"/flags/checkout/rollout{PRODUCTION}", {"percentage": 5})),
        ("/flags/{key}/restore", "post", "200", client.post(f"/flags/checkout/restore{PRODUCTION}", {"revision": 4})),
        ("/flags/{key}/history", "get", "200", client.get(f"/flags/checkout/history{PRODUCTION}")),
        ("/segments", "post", "201", client.post("/segments", {"key": "new"})),
        ("/segments", "get", "200", client.get("/segments")),
        ("/segments/{key}", "get", "200", client.get("/segments/beta")),
        ("/segments/{key}", "patch", "200", client.patch("/segments/beta", {"name": "New"})),
        ("/evaluate", "post", "200", sdk.post("/evaluate", {"flag_key": "checkout", "context": {"id": "ann"}})),
        ("/evaluate", "post", "200", sdk.post("/evaluate", {"context": {"id": "ann"}})),
        ("/sdk/config", "get", "200", sdk.get("/sdk/config")),
        ("/ofrep/v1/evaluate/flags", "post", "200", sdk.post("/ofrep/v1/evaluate/flags", {})),
    ]
    for path, method, status, response in answers:
        assert str(response.status_code) == status, response.content
        assert_described(schema, described_by(schema, path, method, status), response.json(), f"{method} {path}")


def test_it_can_be_browsed_without_anything_from_outside() -> None:
    page = Client().get("/docs")
    assert page.status_code == 200
    assert b"://" not in page.content
    script = Client().get("/docs?script=")
    assert script.status_code == 200
    assert b"/openapi.json" in script.content
