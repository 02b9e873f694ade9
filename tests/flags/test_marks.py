"""Marks of environments: what one process of a machine has changed, the others see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flags.publishing.marks import Marks

ELSEWHERE = """
import sys
from pathlib import Path
from flags.publishing.marks import Marks
Marks(Path(sys.argv[1])).change([7])
"""


def test_a_change_by_another_process_is_seen_at_once_and_by_nobody_else(tmp_path: Path) -> None:
    ours = Marks(tmp_path / "marks")
    before = {number: ours.of(number) for number in (6, 7, 8)}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(tmp_path / "marks")], check=True, cwd=root)
    assert [number for number in before if ours.of(number) != before[number]] == [7]


def test_every_change_gives_another_mark(tmp_path: Path) -> None:
    ours = Marks(tmp_path / "marks")
    seen = set()
    for _ in range(100):
        ours.change([1])
        seen.add(ours.of(1))
    assert len(seen) == 100


@pytest.mark.parametrize("failing", ["open", "posix_fallocate"])
def test_where_the_file_cannot_be_had_a_process_has_marks_of_its_own(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    alone = Marks(tmp_path / "marks")
    before = alone.of(3)
    alone.change([3])
    assert alone.of(3) != before
