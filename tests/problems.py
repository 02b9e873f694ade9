"""What a refusal looks like from outside, asserted in one line."""

from typing import Any

import orjson
from django.http.response import HttpResponseBase


def assert_problem(response: HttpResponseBase, status: int, code: str, *paths: str) -> dict[str, Any]:
    """Check that the response is an RFC 9457 problem which names these places, and return it."""
    content: bytes = getattr(response, "content", b"")
    assert response.status_code == status, content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = orjson.loads(content)
    assert problem.keys() - {"errors"} == {"type", "title", "status", "code", "detail"}
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["detail"]
    assert "Traceback" not in content.decode()
    named = [error["path"] for error in problem.get("errors", [])]
    assert [path for path in paths if path not in named] == [], problem
    assert all(error["message"] for error in problem.get("errors", []))
    return problem
