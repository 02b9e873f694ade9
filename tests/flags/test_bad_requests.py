"""Requests that are wrong before anybody looks at what they say: bodies, addresses, queries, methods."""

from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from flags.api import views
from tests.conftest import Person, client_with
from tests.flags.builders import PRODUCTION, boolean, create
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def levels(depth: int, inner: str = "[]") -> str:
    """Return JSON of so many levels: an object, lists, and `inner`, which is one itself."""
    return '{"key": "a", "type": "json", "x": ' + "[" * (depth - 2) + inner + "]" * (depth - 2) + "}"


BODIES: list[str | bytes] = [
    "{",
    "{]",
    "{'key': 1}",
    '{"key": "a",}',
    '{"key": NaN}',
    '{"key": Infinity}',
    '{"key": 1e999}',
    '{"key": "a\\u0000b"}',
    '{"a\\u0000b": 1}',
    '{"key": {"deep": ["\\u0000"]}}',
    '{"key": "\\ud800"}',
    '{"key": "\\udc00\\ud800"}',
    b'{"key": "\xff"}',
    b'{"key": "\xed\xa0\x80"}',
    b"\xff\xfe{\0}\0",
    b"\0",
    levels(65),
    "[" * 100_000,
    "[" * 1_000 + "]" * 1_000,
]


def test_a_body_that_cannot_be_read_changes_nothing(ed: Person, sdk: APIClient, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    client = ed.client()
    with nothing_changes():
        for body in BODIES:
            with subtests.test(str(body)[:40]):
                for response in (
                    client.post("/flags", body, content_type="application/json"),
                    client.patch("/flags/checkout", body, content_type="application/json"),
                    client.post("/segments", body, content_type="application/json"),
                    sdk.post("/evaluate", body, content_type="application/json"),
                ):
                    assert_problem(response, 400, "PARSE_ERROR")


def test_a_body_may_have_sixty_four_levels(ed: Person) -> None:
    response = ed.client().post("/flags", levels(64), content_type="application/json")
    assert_problem(response, 400, "INVALID", "x")  # it was read: what is wrong with it is a field


def test_a_body_of_more_than_eight_mebibytes_is_too_large(ed: Person) -> None:
    body = b'{"key": "' + b"x" * (8 * 1024 * 1024) + b'"}'
    with nothing_changes():
        assert_problem(ed.client().post("/segments", body, content_type="application/json"), 413, "TOO_LARGE")


def test_a_body_of_another_kind_is_not_guessed_at(ed: Person) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "nonsense"):
        response = ed.client().post("/flags", b"key=a&type=boolean", content_type=kind)
        assert_problem(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_address_that_leads_nowhere_is_a_problem_too(ed: Person, subtests: pytest.Subtests) -> None:
    client = ed.client()
    for path in ("/nowhere", "/flags/", "/flags/a/b/c", "/flags/a%00b", "/flags/%00/history", "/segments/a%00", "/%ff"):
        with subtests.test(path):
            assert_problem(client.get(path), 404, "NOT_FOUND")
    assert_problem(client.get("/flags/%ff"), 404, "FLAG_NOT_FOUND")
    assert_problem(client.get("/flags/" + "x" * 5000), 404, "FLAG_NOT_FOUND")


def test_a_method_that_an_address_has_not_is_refused(ed: Person, sdk: APIClient) -> None:
    for client, method, path in (
        (ed.client(), "put", "/flags"),
        (ed.client(), "put", "/flags/checkout"),
        (ed.client(), "post", "/flags/checkout/audit"),
        (ed.client(), "delete", "/flags/checkout/history"),
        (ed.client(), "get", "/flags/checkout/restore"),
        (ed.client(), "get", "/flags/checkout/rollout"),
        (sdk, "get", "/evaluate"),
        (sdk, "post", "/sdk/config"),
        (sdk, "get", "/sdk/events"),
        (sdk, "get", "/ofrep/v1/evaluate/flags"),
    ):
        response = getattr(client, method)(path)
        assert_problem(response, 405, "METHOD_NOT_ALLOWED")
        assert response.headers["Allow"]


def test_an_answer_that_cannot_be_given_is_not_given(ed: Person) -> None:
    assert_problem(ed.client().get("/flags", headers={"Accept": "image/png"}), 406, "NOT_ACCEPTABLE")


def test_more_parameters_than_anybody_needs_are_refused(ed: Person) -> None:
    query = "&".join(f"a{n}=1" for n in range(1001))
    assert_problem(ed.client().get(f"/flags?{query}"), 400, "BAD_REQUEST")


def test_a_host_that_is_not_ours_is_refused_without_a_page() -> None:
    assert_problem(Client().get("/flags", headers={"Host": "elsewhere.example"}), 400, "BAD_REQUEST")


def test_what_nobody_expected_is_a_problem_without_a_trace(ed: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(views, "search_states", fail)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {ed.token}")
    problem = assert_problem(client.get("/flags"), 500, "SERVER_ERROR")
    assert "secret" not in str(problem)


def cursor(text: str) -> str:
    return b64encode(text.encode()).decode()


QUERIES: list[tuple[str, dict[str, Any], str]] = [
    *[
        (path, query, name)
        for path in ("/flags", "/segments", "/flags/checkout/history")
        for name, query in (
            ("page_size", {"page_size": "0"}),
            ("page_size", {"page_size": "-1"}),
            ("page_size", {"page_size": "1001"}),
            ("page_size", {"page_size": "many"}),
            ("page_size", {"page_size": "1.5"}),
            ("page_size", {"page_size": "9" * 5000}),
            ("page_size", {"page_size": ["1", "2"]}),
            ("cursor", {"cursor": "!!!"}),
            ("cursor", {"cursor": "ü"}),
            ("cursor", {"cursor": "a"}),
            ("cursor", {"cursor": cursor("")}),
            ("cursor", {"cursor": cursor("[]")}),
            ("cursor", {"cursor": cursor('{"key": "a"}')}),
            ("cursor", {"cursor": cursor("[false]")}),
            ("cursor", {"cursor": cursor('["a"]')}),
            ("cursor", {"cursor": cursor('["no", "a"]')}),
            ("cursor", {"cursor": cursor("[false, 1]")}),
            ("cursor", {"cursor": cursor("[false, null]")}),
            ("cursor", {"cursor": cursor('[false, "a b"]')}),
            ("cursor", {"cursor": cursor('[false, "a", "b"]')}),
            ("cursor", {"cursor": cursor('[false, "\\u0000"]')}),
            ("cursor", {"cursor": cursor('[false, "\\ud800"]')}),
            ("cursor", {"cursor": cursor('[false, "' + "9" * 5000 + '"]')}),
            ("cursor", {"cursor": "x\0"}),
            ("project", {"project": "shop\0"}),
            ("colour", {"colour": "red"}),
        )
    ],
    ("/flags/checkout/history", {"cursor": cursor('[false, "checkout"]')}, "cursor"),
    ("/flags", {"search": "a\0"}, "search"),
    ("/flags", {"tag": "a\0"}, "tag"),
    ("/flags", {"tag": ["a", "b"]}, "tag"),
    ("/flags", {"environment": "\0"}, "environment"),
    ("/flags", {"environment": ["production", "staging"]}, "environment"),
    ("/flags", {"environment": ""}, "environment"),
    ("/segments", {"search": "a\0"}, "search"),
    ("/segments", {"environment": "production"}, "environment"),
    ("/flags/checkout", {"envronment": "production"}, "envronment"),
]


def test_a_query_that_cannot_be_understood_is_refused(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    client = ed.client()
    for path, query, name in QUERIES:
        with subtests.test(f"{path} {str(query)[:50]}"):
            assert_problem(client.get(path, query), 400, "INVALID", name)


def test_an_unknown_parameter_stops_a_change(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    client = ed.client()
    for response in (
        client.post("/flags?env=production", boolean("new")),
        client.patch("/flags/checkout?env=production", {"enabled": False}),
        client.delete("/flags/checkout?env=production"),
        client.post("/flags/checkout/rollout?env=production", {"percentage": 1}),
        client.post("/flags/checkout/restore?env=production", {"revision": 1}),
        client.post("/segments?env=production", {"key": "new"}),
        client.delete("/segments/new?env=production"),
    ):
        assert_problem(response, 400, "INVALID", "env")
    assert client.get(f"/flags/checkout{PRODUCTION}").json()["version"] == 1


BAD_RESTORES: list[tuple[Any, str]] = [
    ({}, "revision"),
    ({"revision": None}, "revision"),
    ({"revision": "2"}, "revision"),
    ({"revision": 2.0}, "revision"),
    ({"revision": True}, "revision"),
    ({"revision": 0}, "revision"),
    ({"revision": -1}, "revision"),
    ({"revision": 10**30}, "revision"),
    ({"revision": 2, "force": True}, "force"),
    ({"revision": 2, "comment": 7}, "comment"),
]


def test_a_restoration_names_a_revision(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    with nothing_changes():
        for body, path in BAD_RESTORES:
            with subtests.test(str(body)):
                response = ed.client().post(f"/flags/checkout/restore{PRODUCTION}", body)
                assert_problem(response, 400, "INVALID", path)


def test_a_key_of_another_kind_or_none_at_all_is_told_so(ed: Person, server_key: str) -> None:
    assert_problem(client_with(server_key).get("/flags"), 403, "NOT_ALLOWED")
    response = Client().get("/flags")
    assert_problem(response, 401, "NOT_AUTHENTICATED")
    assert response.headers["WWW-Authenticate"] == "Bearer"
