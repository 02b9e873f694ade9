"""OFREP, by hand: the shapes that OpenFeature's clients of every language rely on."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from flags import snapshots
from flags.models import FlagState
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, equals, rule, texts
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db

ONE, ALL = "/ofrep/v1/evaluate/flags/checkout", "/ofrep/v1/evaluate/flags"
EVERYBODY: dict[str, Any] = {"context": {"targetingKey": "user-1"}}


def test_a_success_has_value_variant_reason_and_metadata(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(rules=[rule(equals("country", "US"), "off", id="us")]))
    assert sdk.post(ONE, EVERYBODY).json() == {
        "key": "checkout",
        "value": True,
        "variant": "on",
        "reason": "DEFAULT",
        "metadata": {"reason": "FALLTHROUGH", "revision": 2},
    }
    matched = sdk.post(ONE, {"context": {"targetingKey": "user-1", "country": "US"}}).json()
    assert (matched["reason"], matched["metadata"]["rule"]) == ("TARGETING_MATCH", "us")


def test_reasons_are_in_openfeature_s_words(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(targets=[{"variation": "off", "ids": ["ann"]}]))
    assert sdk.post(ONE, {"context": {"targetingKey": "ann"}}).json()["reason"] == "TARGETING_MATCH"
    change(ed, "checkout", rollout_percentage=0)
    assert sdk.post(ONE, EVERYBODY).json()["reason"] == "SPLIT"
    change(ed, "checkout", enabled=False)
    assert sdk.post(ONE, EVERYBODY).json()["reason"] == "DISABLED"


def test_floats_keep_their_point_and_integers_have_none(ed: Person, sdk: APIClient) -> None:
    create(ed, {"key": "checkout", "type": "number", "variations": [{"key": "a", "value": 1.0}]})
    create(ed, {"key": "limit", "type": "number", "variations": [{"key": "a", "value": 1}]})
    for _ in range(2):
        assert b'"value":1.0,' in sdk.post(ONE, EVERYBODY).content
        assert b'"value":1,' in sdk.post("/ofrep/v1/evaluate/flags/limit", EVERYBODY).content
        assert b'"value":1.0,' in sdk.post(ALL, EVERYBODY).content
        snapshots.forget_all()


def test_nobody_in_particular_may_ask(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    bodies: list[dict[str, Any]] = [{}, {"context": {}}, {"context": None}, {"context": {"targetingKey": ""}}]
    for body in bodies:
        assert sdk.post(ONE, body).json()["value"] is True
        assert sdk.post(ALL, body).json()["flags"][0]["value"] is True


def test_the_targeting_key_is_the_id_and_an_id_will_do(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(targets=[{"variation": "off", "ids": ["ann"]}]))
    for context in ({"targetingKey": "ann"}, {"id": "ann"}, {"targetingKey": "ann", "id": "bob"}):
        assert sdk.post(ONE, {"context": context}).json()["value"] is False


def test_all_flags_come_with_an_entity_tag(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    create(ed, texts())
    response = sdk.post(ALL, EVERYBODY)
    assert [flag["key"] for flag in response.json()["flags"]] == ["banner", "checkout"]
    assert response.json()["metadata"] == {"revision": 3}
    etag = response.headers["ETag"]
    for held in (etag, f"W/{etag}", f'"other", {etag}'):
        again = sdk.post(ALL, EVERYBODY, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    change(ed, "checkout", enabled=False)
    assert sdk.post(ALL, EVERYBODY, headers={"If-None-Match": etag}).status_code == 200


def test_the_entity_tag_belongs_to_the_context(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean(targets=[{"variation": "off", "ids": ["ann"]}]))
    etag = sdk.post(ALL, EVERYBODY).headers["ETag"]
    other = {"context": {"targetingKey": "ann"}}
    assert sdk.post(ALL, other, headers={"If-None-Match": etag}).status_code == 200


FAILURES: list[tuple[Any, int, str]] = [
    ({"context": {"targetingKey": 7}}, 400, "INVALID_CONTEXT"),
    ({"context": {"targetingKey": None}}, 400, "INVALID_CONTEXT"),
    ({"context": []}, 400, "INVALID_CONTEXT"),
    ({"context": "ann"}, 400, "INVALID_CONTEXT"),
    ({"context": {"x": "x" * 65_536}}, 413, "GENERAL"),
    ([], 400, "PARSE_ERROR"),
    ("{", 400, "PARSE_ERROR"),
    ('{"context": {"x": NaN}}', 400, "PARSE_ERROR"),
    ('{"context": {"x": "\\u0000"}}', 400, "PARSE_ERROR"),
    ("null", 400, "PARSE_ERROR"),
]


def test_every_failure_has_an_error_code_and_details(ed: Person, sdk: APIClient, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    for body, status, code in FAILURES:
        for address in (ONE, ALL):
            with subtests.test(f"{address} {str(body)[:40]}"):
                response = sdk.post(address, body, content_type="application/json" if isinstance(body, str) else None)
                assert (response.status_code, response.json()["errorCode"]) == (status, code)
                assert response.json()["errorDetails"]
                assert (response.json().get("key") == "checkout") is (address == ONE)


def test_an_unknown_flag_is_not_found(sdk: APIClient) -> None:
    for key in ("nothing", "No-Key", "x" * 500):
        response = sdk.post(f"/ofrep/v1/evaluate/flags/{key}", EVERYBODY)
        assert response.status_code == 404
        assert (response.json()["key"], response.json()["errorCode"]) == (key, "FLAG_NOT_FOUND")
        assert response.json()["errorDetails"]


def test_a_malformed_flag_is_a_parse_error_of_its_own(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    create(ed, boolean("healthy"))
    FlagState.objects.filter(flag__key="checkout").update(rules=[{"id": "r"}])
    snapshots.forget_all()
    response = sdk.post(ONE, EVERYBODY)
    assert (response.status_code, response.json()["errorCode"]) == (400, "PARSE_ERROR")
    broken, healthy = sdk.post(ALL, EVERYBODY).json()["flags"]
    assert (broken["errorCode"], healthy["value"]) == ("PARSE_ERROR", True)


def test_it_wants_a_server_key(ed: Person) -> None:
    assert_problem(ed.client().post(ONE, EVERYBODY), 403, "NOT_ALLOWED")
    assert_problem(ed.client().post(ALL, EVERYBODY), 403, "NOT_ALLOWED")
