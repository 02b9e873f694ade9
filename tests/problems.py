"""What a refusal looks like from outside, asserted in one line."""

from typing import Any

import orjson
from django.http import HttpResponse


def assert_problem(response: HttpResponse, status: int, code: str, *paths: str) -> dict[str, Any]:
    """Check that the response is an RFC 9457 problem which names these places, and return it."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = orjson.loads(response.content)
    assert problem.keys() - {"errors"} == {"type", "title", "status", "code", "detail"}
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["detail"]
    assert "Traceback" not in response.content.decode()
    named = [error["path"] for error in problem.get("errors", [])]
    assert [path for path in paths if path not in named] == [], problem
    assert all(error["message"] for error in problem.get("errors", []))
    return problem
