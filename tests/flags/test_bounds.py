"""However much is wrong with a request, it is refused in few words, and before each part of it is looked at."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Project
from flags.limits import MAX_PREREQUISITES, MAX_RULES, MAX_TAGS, MAX_TARGETED_IDS, MAX_VARIATIONS
from flagsite.lib.json_body import MAX_VALUES
from flagsite.lib.problems import MAX_ERRORS, MAX_MESSAGE, MAX_PATH, InputError, InvalidInput, document
from flagsite.lib.strict import MAX_PARAMETER, MAX_UNKNOWN
from segments.services.segments import MAX_IDS
from tests.conftest import Person
from tests.flags.builders import boolean, create
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

FLAG = {"key": "big", "type": "boolean"}
RULE = {"if": {"everyone": True}, "serve": {"variation": "on"}}
LONG = "x" * 1_000_000

OVER: list[tuple[str, dict[str, Any], str]] = [
    ("/flags", FLAG | {"tags": [1] * (MAX_TAGS + 1)}, "tags"),
    ("/flags", FLAG | {"variations": [{}] * (MAX_VARIATIONS + 1)}, "variations"),
    ("/flags", FLAG | {"rules": [{}] * (MAX_RULES + 1)}, "rules"),
    ("/flags", FLAG | {"rules": [RULE] * 30_000}, "rules"),
    ("/flags", FLAG | {"prerequisites": [{}] * (MAX_PREREQUISITES + 1)}, "prerequisites"),
    ("/flags", FLAG | {"targets": [{}] * (MAX_TARGETED_IDS + 1)}, "targets"),
    ("/flags", FLAG | {"targets": [{"variation": "on", "ids": [1] * (MAX_TARGETED_IDS + 1)}]}, "targets"),
    ("/segments", {"key": "s", "included": [1] * (MAX_IDS + 1)}, "included"),
    ("/flags/checkout/ramp?environment=development", {"steps": [{}] * 50_000}, "steps"),
]


@pytest.mark.parametrize(("path", "body", "place"), OVER, ids=lambda each: each if isinstance(each, str) else "")
def test_a_list_that_is_too_long_is_refused_in_one_sentence(
    ed: Person, shop: Project, path: str, body: dict[str, Any], place: str
) -> None:
    create(ed, boolean(), environment="development")
    with nothing_changes():
        problem = assert_problem(ed.client().post(path, body), 400, "INVALID", place)
    assert len(problem["errors"]) == 1
    assert "at most" in problem["errors"][0]["message"]


def test_a_body_holds_only_so_many_values(ed: Person, shop: Project, sdk: APIClient) -> None:
    assert_problem(ed.client().post("/flags", FLAG | {"rules": [0] * (MAX_VALUES + 1)}), 400, "PARSE_ERROR")
    assert_problem(sdk.post("/evaluate", {"context": {"id": "u", "a": [0] * (MAX_VALUES + 1)}}), 400, "PARSE_ERROR")


def test_a_segment_of_as_many_ids_as_it_may_list_fits(ed: Person, shop: Project) -> None:
    ids = [f"{number}" for number in range(MAX_IDS)]
    assert ed.client().post("/segments", {"key": "s", "included": ids}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {f"unknown-{number}": 1 for number in range(5_000)},
        {LONG: 1},
        FLAG | {"type": LONG},
        FLAG | {"off_variation": LONG},
        FLAG | {"fallthrough": {LONG: 1}},
        FLAG | {"rules": [RULE | {"if": {"all": [{}] * 50_000}}]},
        FLAG | {"rules": [RULE | {"if": {"attribute": "a", "operator": "regex", "value": "(" + LONG}}]},
        {"key": LONG, "type": "boolean"},
        {"type": [LONG]},
    ],
)
def test_an_answer_does_not_grow_with_what_is_wrong(ed: Person, shop: Project, body: dict[str, Any]) -> None:
    with nothing_changes():
        response = ed.client().post("/flags", body)
    problem = assert_problem(response, 400, "INVALID")
    assert len(response.content) < 300 * MAX_ERRORS
    assert 1 <= len(problem["errors"]) <= MAX_ERRORS


@pytest.mark.parametrize("parameter", ["search", "tag", "cursor", "project", "environment"])
def test_a_parameter_is_only_so_long(ed: Person, shop: Project, parameter: str) -> None:
    fits, too_long = "x" * MAX_PARAMETER, "x" * (MAX_PARAMETER + 1)
    assert ed.client().get("/flags", {parameter: fits}).status_code in {200, 400, 404}
    problem = assert_problem(ed.client().get("/flags", {parameter: too_long}), 400, "INVALID", parameter)
    assert "at most" in problem["errors"][0]["message"]


def test_of_many_unknown_fields_the_first_are_named(ed: Person, shop: Project) -> None:
    problem = assert_problem(ed.client().post("/flags", {f"unknown-{n}": 1 for n in range(5_000)}), 400, "INVALID")
    assert [each["path"] for each in problem["errors"]] == [f"unknown-{number}" for number in range(MAX_UNKNOWN)]


def test_of_many_errors_the_first_are_named_and_the_others_counted() -> None:
    refusal = InvalidInput.of([InputError(f"[{number}]", "Wrong.") for number in range(5_000)])
    answer = document(status=400, code=refusal.code, detail=refusal.detail, errors=refusal.errors)
    assert answer["detail"] == "[0]: Wrong. (and 4999 more)"
    assert [each["path"] for each in answer["errors"]] == [f"[{number}]" for number in range(MAX_ERRORS)]


def test_what_was_sent_is_not_repeated_at_length() -> None:
    refusal = InvalidInput.at(LONG, LONG)
    answer = document(status=400, code=refusal.code, detail=refusal.detail, errors=refusal.errors)
    assert {len(each) for each in (answer["detail"], answer["errors"][0]["message"])} <= set(range(MAX_MESSAGE + 1))
    assert len(answer["errors"][0]["path"]) == MAX_PATH
    assert answer["errors"][0]["path"].endswith("…")
    assert len(json.dumps(answer)) < 5_000


def test_a_flag_that_is_not_there_is_not_named_at_length(sdk: APIClient) -> None:
    response = sdk.post("/evaluate", {"flag_key": LONG, "context": {"id": "u"}})
    assert_problem(response, 404, "FLAG_NOT_FOUND")
    assert len(response.content) < 2 * MAX_MESSAGE
