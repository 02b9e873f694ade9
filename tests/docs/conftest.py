from pathlib import Path
from typing import Any

import httpx
import pytest
from rest_framework.test import APIClient

from flagsite.demo.loading import load
from tests.docs.markdown import ROOT
from tests.furniture import furnished


@pytest.fixture
def demo(db: None, tmp_path: Path) -> dict[str, Any]:
    """The demo's shop, which the pages speak of, and its keys."""
    return furnished("demo", lambda: load(tmp_path / "demo.json", url="http://localhost:8000"))


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let docs/migrate's scripts be imported, as they import each other."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "migrate"))


@pytest.fixture
def person(demo: dict[str, Any]) -> httpx.Client:
    """A person's script, with the token that may change everything."""
    return _client(demo["tokens"]["admin"])


@pytest.fixture
def service(demo: dict[str, Any]) -> httpx.Client:
    """A service of production."""
    return _client(demo["server_keys"]["production"])


def _client(key: str) -> httpx.Client:
    """An HTTP client whose requests Django's test client answers, in the test's transaction."""

    def answer(request: httpx.Request) -> httpx.Response:
        kind = request.headers.get("Content-Type", "")
        headers = {"Authorization": f"Bearer {key}"}
        path = request.url.raw_path.decode()
        found = APIClient().generic(request.method, path, request.content.decode(), content_type=kind, headers=headers)
        return httpx.Response(found.status_code, content=found.content)

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://testserver")
