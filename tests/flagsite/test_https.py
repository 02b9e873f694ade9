"""Only HTTPS, for installations that say so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = {"HTTPS_ONLY": "true", "HTTPS_FROM_PROXY": "true", "ALLOWED_HOSTS": "flags.example.com"}
"""What docs/how-to/serve-over-https.md asks to set."""


def run(*command: str, data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(data), **variables}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, check=False, capture_output=True, text=True
    )


def test_django_finds_nothing_to_warn_of_when_it_is_deployed_as_documented(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "serve-over-https.md").read_text()
    assert [name for name in DEPLOYED if f"{name}=" not in page] == []
    told = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", data=tmp_path, **DEPLOYED)
    assert (told.returncode, told.stderr) == (0, "")


def test_without_https_django_does_warn(tmp_path: Path) -> None:
    told = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", data=tmp_path)
    assert told.returncode == 1
    assert "security.W008" in told.stderr


def test_https_only_makes_cookies_secure_and_browsers_remember(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_SECURE", "SESSION_COOKIE_NAME", "SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER")
    code = f"from flagsite import settings; print([getattr(settings, name, None) for name in {names!r}])"
    told = run("-c", code, data=tmp_path, HTTPS_ONLY="true", HSTS_SECONDS="3600")
    assert told.stdout.strip() == str([True, "__Host-flagsite-session", 3600, None])


@pytest.fixture
def https_only(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.django_db
@pytest.mark.usefixtures("https_only")
def test_plain_http_is_led_to_https_but_for_those_who_watch_the_process() -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/admin/login/?next=/admin/")
    assert [Client().get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


@pytest.mark.django_db
@pytest.mark.usefixtures("https_only")
def test_a_proxy_says_that_it_was_asked_by_https() -> None:
    answer = Client().get("/admin/login/", HTTP_X_FORWARDED_PROTO="https")
    assert (answer.status_code, answer.headers["Strict-Transport-Security"]) == (200, "max-age=3600")


def test_nothing_of_it_holds_where_nobody_asked_for_it() -> None:
    assert (configured.SECURE_SSL_REDIRECT, configured.SECURE_HSTS_SECONDS) == (False, 0)
    assert getattr(configured, "SECURE_PROXY_SSL_HEADER", None) is None
