"""Random JSON thrown at the API is refused or taken, and never makes it fail."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, create_segment, equals, rule, split, texts

pytestmark = pytest.mark.django_db

quick = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

keys = st.sampled_from(["checkout", "banner", "beta", "on", "off", "a", "nothing", "BAD", "", "\ud7ff", "x" * 129])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    keys,
    st.sampled_from([100, 50, 0.001, 1e300, -0.0, 33.333]),
)
NAMES = [
    *(
        "key",
        "name",
        "description",
        "type",
        "enabled",
        "variations",
        "off_variation",
        "fallthrough",
        "targets",
        "rules",
    ),
    *("rollout_percentage", "prerequisites", "tags", "salt", "comment", "if", "included", "excluded", "serve", "split"),
    *("variation", "weight", "bucket_by", "attribute", "operator", "value", "ignore_case", "segment", "all", "any"),
    *("not", "everyone", "id", "ids", "flag", "context", "flag_key", "batch", "sdk", "counts", "events", "count"),
    *("minute", "time", "reason", "context_id", "version", "instance", "revision", "percentage", "other"),
]
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
    max_leaves=12,
)
SAMPLES: list[Any] = [
    boolean("new", rules=[rule({"all": [equals("country", "US"), {"not": {"segment": "beta"}}]}, id="r")]),
    texts("new", fallthrough=split(a=33.333, b=66.667), targets=[{"variation": "c", "ids": ["ann"]}]),
    boolean("new", prerequisites=[{"flag": "checkout", "variation": "on"}], rollout_percentage=50, tags=["a"]),
    {"key": "new", "if": {"any": [equals("x", 1), {"everyone": True}]}, "included": ["ann"], "name": "New"},
    {"flag_key": "checkout", "context": {"id": "ann", "plan": "pro", "deep": {"er": [1]}}},
    {"percentage": 5, "comment": "Why"},
    {"revision": 2},
    {
        "batch": "6f2f6b6e-3c1c-4d2a-9f21-1d9f6f2c1a00",
        "sdk": {"name": "s", "version": "1", "instance": "i"},
        "counts": [{"flag": "f", "variation": "a", "reason": "OFF", "count": 1, "minute": "2026-11-22T10:04:00Z"}],
        "events": [{"name": "n", "context_id": "c", "value": 1, "time": "2026-11-22T10:04:00Z"}],
    },
]


def paths(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every part of a document."""
    below: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        below = list(document.items())
    elif isinstance(document, list):
        below = list(enumerate(document))
    return [here, *(path for name, part in below for path in paths(part, (*here, name)))]


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A good body with one or two parts replaced, taken away or added to."""
    document = orjson.loads(orjson.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(paths(document)))
        if not path:
            continue
        parent = document
        for name in path[:-1]:
            parent = parent[name]
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "remove":
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                parent[draw(st.sampled_from(NAMES))] = draw(documents)
            case _:
                parent[path[-1]] = draw(documents)
    return document


@pytest.fixture
def clients(ed: Person, sdk: APIClient) -> tuple[APIClient, APIClient]:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean(rules=[rule({"segment": "beta"}, id="beta")]))
    create(ed, texts())
    ours = ed.client()
    ours.raise_request_exception = sdk.raise_request_exception = False
    return ours, sdk


def throw(clients: tuple[APIClient, APIClient], body: bytes) -> None:
    """Send the body everywhere; whatever it is, the answer is a 2xx or a problem."""
    ours, sdk = clients
    answers = {
        "POST /flags": ours.post(f"/flags{PRODUCTION}", body, content_type="application/json"),
        "PATCH /flags": ours.patch(f"/flags/checkout{PRODUCTION}", body, content_type="application/json"),
        "rollout": ours.post(f"/flags/checkout/rollout{PRODUCTION}", body, content_type="application/json"),
        "restore": ours.post(f"/flags/checkout/restore{PRODUCTION}", body, content_type="application/json"),
        "POST /segments": ours.post("/segments", body, content_type="application/json"),
        "PATCH /segments": ours.patch("/segments/beta", body, content_type="application/json"),
        "evaluate": sdk.post("/evaluate", body, content_type="application/json"),
        "ofrep": sdk.post("/ofrep/v1/evaluate/flags", body, content_type="application/json"),
        "events": sdk.post("/sdk/events", body, content_type="application/json"),
    }
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code >= 500} == {}
    config = sdk.get("/sdk/config")  # whatever was taken can be sent, and decided
    assert config.status_code == 200
    all_flags = sdk.post("/evaluate", {"context": {"id": "ann"}}).json()["flags"]
    assert {flag["reason"] for flag in all_flags.values()} & {"ERROR"} == set()


@given(body=spoiled())
@quick
def test_a_good_body_that_was_spoiled(clients: tuple[APIClient, APIClient], body: Any) -> None:
    throw(clients, orjson.dumps(body))


@given(body=documents)
@quick
def test_any_json_at_all(clients: tuple[APIClient, APIClient], body: Any) -> None:
    throw(clients, orjson.dumps(body))


@given(body=st.binary(max_size=40))
@settings(quick, max_examples=20)
def test_no_json_at_all(clients: tuple[APIClient, APIClient], body: bytes) -> None:
    throw(clients, body)


@given(
    query=st.dictionaries(
        st.sampled_from(["search", "tag", "cursor", "page_size", "at", "user_id", "attr.x", "since"]),
        st.text(max_size=8),
    )
)
@settings(quick, max_examples=40)
def test_any_query_at_all(clients: tuple[APIClient, APIClient], query: dict[str, str]) -> None:
    ours, sdk = clients
    for client, path in (
        (ours, "/flags"),
        (ours, "/flags/checkout/audit"),
        (ours, "/flags/checkout/history"),
        (ours, "/segments"),
        (sdk, "/sdk/config"),
    ):
        clean = {name: text.encode(errors="replace").decode() for name, text in query.items()}
        assert client.get(path, clean).status_code < 500
