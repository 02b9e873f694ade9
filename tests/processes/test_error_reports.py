"""Sentry is told where something failed, never for whom: a marked secret in a context appears in no event."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET = "marked-secret-7f3a"


def sent(directory: Path, *options: str) -> str:
    """What Sentry's servers would be sent by the program that fails."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "flagsite.settings",
        "DATA_DIR": str(directory),
        "SENTRY_DSN": "http://public@127.0.0.1:9/1",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "tests.processes.failing", SECRET, *options]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scrubbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sent(tmp_path_factory.mktemp("scrubbed"))


@pytest.fixture(scope="module")
def events(scrubbed: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in scrubbed.splitlines() if line.startswith("{")]
    return [line for line in lines if "platform" in line]


def test_a_marked_secret_is_in_no_event(scrubbed: str) -> None:
    assert SECRET not in scrubbed


def test_it_would_be_in_most_of_them_otherwise(tmp_path: Path) -> None:
    assert sent(tmp_path, "unscrubbed").count(SECRET) > 10


def test_an_event_says_where_it_failed_and_by_which_error(events: list[dict[str, Any]]) -> None:
    failed = [event for event in events if "exception" in event]
    kinds = {(event["transaction"], event["exception"]["values"][-1]["type"]) for event in failed}
    assert {
        ("/evaluate", "ValueError"),
        ("/ofrep/v1/evaluate/flags/{key}", "ValueError"),
        ("/flags/{key}/audit", "ValueError"),
        ("/sdk/events", "IntegrityError"),
        ("failing", "ValueError"),
    } <= kinds
    for event in failed:
        frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
        assert all({"filename", "lineno", "function"} <= frame.keys() and "vars" not in frame for frame in frames)


def test_an_event_names_the_address_without_its_query(events: list[dict[str, Any]]) -> None:
    audits = [event["request"] for event in events if event.get("transaction") == "/flags/{key}/audit"]
    assert audits
    assert all(each == {"method": "GET", "url": "http://localhost/flags/new-checkout/audit"} for each in audits)


def test_log_lines_are_named(events: list[dict[str, Any]]) -> None:
    named = {event["logentry"]["message"] for event in events if "logentry" in event}
    assert {"evaluations_lost", "elsewhere"} <= named
    crumbs = {crumb.get("message") for event in events for crumb in event["breadcrumbs"]["values"]}
    assert {"something_odd", "elsewhere"} <= crumbs
