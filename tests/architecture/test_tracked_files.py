"""What the repository must not hold: addresses of package registries, paths of one machine."""

import re
from pathlib import Path

ADDRESSES = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|(extra-)?index-url|trusted-host", re.IGNORECASE)
MACHINES = re.compile(r"(?<![\w./-])/(root|work|Users|home/\w+|opt/(pypi|wheels)|tmp/\w+)/\w")
HERE = "tests/architecture/test_tracked_files.py"


def _lines_with(pattern: re.Pattern[str], root: Path, tracked: list[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in tracked
        if path != HERE
        for number, line in enumerate((root / path).read_text(errors="ignore").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry(root: Path, tracked: list[str]) -> None:
    assert _lines_with(ADDRESSES, root, tracked) == []


def test_no_file_names_a_directory_of_somebody_s_machine(root: Path, tracked: list[str]) -> None:
    assert _lines_with(MACHINES, root, tracked) == []


def test_every_pinned_version_is_a_plain_version(root: Path) -> None:
    pins = [line for line in (root / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", pin)] == []
