"""docs/reference/rest-api.md: its requests get its answers, its errors are those of the code, its list is complete."""

import inspect
import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from flagsite_sdk.engine.wire import read_flag, read_segment
from rest_framework.test import APIClient

import accounts.errors
import flags.errors
import flagsite.lib.problems
import rollouts.errors
import segments.errors
from flags.stream.events import ADDRESSES
from flagsite.lib.problems import Refusal
from tests.docs.markdown import page, quoted, rows
from tests.docs.requests import ask, difference, examples

PAGE = page("docs/reference/rest-api.md")
EXAMPLES = examples(PAGE)
WIRE = ("type", "enabled", "hash", "salt", "variations", "off_variation", "fallthrough")


@pytest.fixture
def variables(demo: dict[str, Any]) -> dict[str, str]:
    """What the page's shell variables are, in the demo."""
    return {"URL": "", "TOKEN": demo["tokens"]["admin"], "KEY": demo["server_keys"]["production"]}


def test_every_request_gets_the_answer_that_the_page_shows(variables: dict[str, str]) -> None:
    wrong = []
    for example in EXAMPLES:
        answer = ask(APIClient(raise_request_exception=False), example, variables)
        if answer.status_code != example.status:
            wrong.append(f"{example.command}\nis answered {answer.status_code}: {answer.content[:200]!r}")
        elif example.etag and answer.headers.get("ETag") != example.etag:
            wrong.append(f"{example.command}\nhas the ETag {answer.headers.get('ETag')}")
        elif example.body is not None:
            real = answer.json()  # type: ignore[attr-defined]  # the test client adds it
            if "/evaluate" in example.command and "flags" in example.body:
                # the salts of the demo's flags are random, and so are their buckets
                example.body["flags"] = dict.fromkeys(example.body["flags"], "…")
                real["flags"] = dict.fromkeys(real["flags"], "…")
            different = difference(example.body, real)
            if different:
                wrong.append(f"{example.command}\nanswers otherwise: {different}")
    assert wrong == []
    assert len(EXAMPLES) > 20


def test_the_flags_and_segments_of_the_answers_can_be_used() -> None:
    read = 0
    for document in _documents(example.body for example in EXAMPLES):
        if "off_variation" in document:
            known = (*WIRE, "rollout_percentage", "targets", "prerequisites", "rules")
            read_flag("example", {name: document[name] for name in known})
            read += 1
        elif "included" in document and "excluded" in document and "key" in document:
            read_segment("example", {name: document[name] for name in ("if", "included", "excluded")})
            read += 1
    assert read > 5


def _documents(values: Any) -> Any:
    for value in values:
        if isinstance(value, dict):
            yield value
            yield from _documents(value.values())
        elif isinstance(value, list):
            yield from _documents(value)


def test_the_table_of_errors_has_every_error_of_the_code() -> None:
    documented = {(int(status), quoted(code)[0]) for status, code, _ in rows(PAGE.section("Errors"))}
    modules = (accounts.errors, flags.errors, flagsite.lib.problems, rollouts.errors, segments.errors)
    declared = {
        (each.status, each.code)
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Refusal) and each is not Refusal
    }
    by_django = {
        (400, "BAD_REQUEST"),
        (400, "PARSE_ERROR"),
        (405, "METHOD_NOT_ALLOWED"),
        (415, "UNSUPPORTED_MEDIA_TYPE"),
        (500, "SERVER_ERROR"),
    }
    assert documented == declared | by_django


@pytest.mark.parametrize(
    ("status", "code", "request_"),
    [
        (400, "PARSE_ERROR", {"method": "POST", "path": "/flags", "data": "{", "content_type": "application/json"}),
        (405, "METHOD_NOT_ALLOWED", {"method": "PUT", "path": "/flags"}),
        (415, "UNSUPPORTED_MEDIA_TYPE", {"method": "POST", "path": "/flags", "data": "a=1", "content_type": "text/x"}),
        (404, "NOT_FOUND", {"method": "GET", "path": "/flags/"}),
        (403, "NOT_ALLOWED", {"method": "GET", "path": "/sdk/config"}),
    ],
)
def test_what_frameworks_refuse_has_the_code_on_the_page(
    variables: dict[str, str], status: int, code: str, request_: dict[str, Any]
) -> None:
    answer = APIClient().generic(**request_, headers={"Authorization": f"Bearer {variables['TOKEN']}"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_every_address_stands_in_the_table_of_endpoints() -> None:
    # a cell may list several: `GET /healthz`, `/readyz`
    cells = [row[0] for row in rows(PAGE.section("REST API"))]
    documented = {span.split()[-1] for cell in cells for span in quoted(cell)}
    assert _addresses(get_resolver().url_patterns) | {"/sdk/stream"} | set(ADDRESSES) == documented


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> set[str]:
    found: set[str] = set()
    for each in patterns:
        path = prefix + re.sub(r"<\w+:(\w+)>", r"{\1}", str(each.pattern))
        if path.startswith("/admin/"):
            continue
        found |= _addresses(each.url_patterns, path) if isinstance(each, URLResolver) else {path}
    return found - {"/"}
