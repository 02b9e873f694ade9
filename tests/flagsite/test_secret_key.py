"""The key that an installation makes for itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flagsite.secret_key import own_secret_key


def test_a_restart_finds_the_same_key_which_nobody_else_can_read(tmp_path: Path) -> None:
    key = own_secret_key(tmp_path)
    assert len(key) >= 50
    assert own_secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_and_leave_nothing_behind(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as starting:
        keys = set(starting.map(own_secret_key, [tmp_path] * 64))
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]
