from pathlib import Path
from typing import Any

import pytest

from flagsite.demo.loading import load
from tests.furniture import furnished


@pytest.fixture
def demo(db: None, tmp_path: Path) -> dict[str, Any]:
    """The demo's shop, which the pages speak of, and its keys."""
    return furnished("demo", lambda: load(tmp_path / "demo.json", url="http://localhost:8000"))
