"""What the architecture tests read: the files that git tracks, once for the session."""

import ast
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import Source

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Paths of the files that git tracks and that are there."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are the project's")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return [path for path in listed.decode().split("\0") if path and (ROOT / path).is_file()]


@pytest.fixture(scope="session")
def sources(tracked: list[str]) -> list[Source]:
    """Every tracked Python file but migrations, which Django writes."""
    return [
        Source(path, text, ast.parse(text))
        for path in tracked
        if path.endswith(".py") and "/migrations/" not in path
        for text in [(ROOT / path).read_text()]
    ]
