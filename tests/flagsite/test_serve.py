"""`python -m flagsite.serve`: which process it becomes."""

import subprocess
import sys
from pathlib import Path

import pytest

from flagsite.serve import command

ROOT = Path(__file__).resolve().parents[2]


def test_each_kind_has_its_server_with_host_port_and_workers() -> None:
    web = command(["web", "--host", "0.0.0.0", "--port", "9000", "--workers", "3"])  # noqa: S104 - nobody listens
    assert web[:4] == [sys.executable, "-m", "granian", "--interface"]
    assert " ".join(web).count("--host 0.0.0.0 --port 9000 --workers 3") == 1
    stream = " ".join(command(["stream", "--port", "9001"]))
    assert "uvicorn flagsite.asgi:application --host 127.0.0.1 --port 9001 --workers 1" in stream
    assert "celery -A flagsite worker --concurrency 5" in " ".join(command(["worker", "--workers", "5"]))


def test_host_and_port_are_the_environment_s_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "192.0.2.7")
    monkeypatch.setenv("PORT", "8123")
    assert "--host 192.0.2.7 --port 8123" in " ".join(command(["web"]))
    assert "--host 192.0.2.7 --port 9" in " ".join(command(["web", "--port", "9"]))


def test_what_is_not_ours_is_the_server_s_own_and_wins() -> None:
    stream = command(["stream", "--ws-ping-interval", "0.5"])
    assert stream[-2:] == ["--ws-ping-interval", "0.5"]


def test_beat_keeps_its_schedule_with_the_other_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert str(tmp_path / "beat") in command(["beat"])


def test_another_kind_is_refused() -> None:
    program = [sys.executable, "-m", "flagsite.serve", "fax"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "choose from" in done.stderr
