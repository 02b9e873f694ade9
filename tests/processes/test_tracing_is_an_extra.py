"""Tracing is an extra: nothing of it is loaded, and nothing costs, where it is not wanted or not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECIDE = """
import sys
if {blocked}:
    sys.modules["opentelemetry"] = None  # what is not there cannot be imported
from flagsite.asgi import application
import flagsite.celery, flagsite.wsgi
from flagsite.lib import tracing
with tracing.span("work") as span:
    assert not span.is_recording() and tracing.carrier() == {{}}
print(*sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""


def run(tmp_path: Path, *, blocked: bool, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-c", DECIDE.format(blocked=blocked)],
        env=given | {"DATA_DIR": str(tmp_path), "LOG_JSON": "true", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )


def test_nothing_of_opentelemetry_is_loaded_when_it_is_not_switched_on(tmp_path: Path) -> None:
    assert run(tmp_path, blocked=False).stdout.split() == []


def test_without_the_extra_the_server_is_what_it_is(tmp_path: Path) -> None:
    done = run(tmp_path, blocked=True)
    assert (done.stdout.split(), done.stderr) == (["opentelemetry"], "")


def test_switched_on_without_the_extra_it_serves_and_says_what_to_install(tmp_path: Path) -> None:
    done = run(tmp_path, blocked=True, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout.split() == ["opentelemetry"]
    assert "tracing_is_not_installed" in done.stderr
    assert "flagsite[otel]" in done.stderr


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_an_endpoint_switches_it_on(tmp_path: Path, name: str) -> None:
    code = "import flagsite.wsgi, sys; print('opentelemetry.sdk.trace' in sys.modules)"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), name: "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
