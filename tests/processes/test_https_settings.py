"""Only HTTPS, for installations that say so: what the settings become when a process starts."""

import os
import subprocess
import sys
from pathlib import Path

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
