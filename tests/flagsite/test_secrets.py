"""Secrets come from variables, files, AWS Secrets Manager or Vault; the real clients ask real HTTP servers."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from moto.server import ThreadedMotoServer

from flagsite import env
from flagsite.secret_managers import secrets_from

ROOT = Path(__file__).resolve().parents[2]
FIRST = {"SECRET_KEY": "the first", "DATABASE_URL": "postgresql://one"}
SECOND = {"SECRET_KEY": "the second", "DATABASE_URL": "postgresql://one"}
THIRD = SECOND | {"EMAIL_PASSWORD": "another"}


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "SECRETS_FROM"):
        monkeypatch.delenv(name, raising=False)
    secrets_from.cache_clear()
    yield
    secrets_from.cache_clear()


def test_a_variable_wins_over_a_file_and_a_file_over_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert env.secret("SECRET_KEY") == ""
    file = tmp_path / "key"
    file.write_text("from a file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))
    assert env.secret("SECRET_KEY") == "from a file"
    monkeypatch.setenv("SECRET_KEY", "from a variable")
    assert env.secret("SECRET_KEY") == "from a variable"


def test_a_file_that_is_not_there_stops_the_process_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE: .*nowhere cannot be read: FileNotFoundError"):
        env.secret("SECRET_KEY")


def test_an_empty_file_is_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE: .*key is empty"):
        env.secret("SECRET_KEY")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")  # as the how-to page says
    httpx.post(f"http://{host}:{port}/moto-api/reset", trust_env=False)  # what it keeps outlives the server
    client = boto3.client("secretsmanager", region_name="eu-central-1")
    client.create_secret(Name="flagsite/production", SecretString=json.dumps(FIRST))
    yield client
    server.stop()


def test_aws_secrets_manager_is_asked(monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    del aws
    monkeypatch.setenv("SECRETS_FROM", "aws:flagsite/production")
    assert (env.secret("SECRET_KEY"), env.secret("EMAIL_PASSWORD")) == ("the first", "")
    assert env.secret_before("SECRET_KEY") == []


def test_after_a_rotation_at_aws_the_key_of_before_is_known(monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    aws.put_secret_value(SecretId="flagsite/production", SecretString=json.dumps(SECOND))
    monkeypatch.setenv("SECRETS_FROM", "aws:flagsite/production")
    assert env.secret("SECRET_KEY") == "the second"
    assert env.secret_before("SECRET_KEY") == ["the first"]


def test_a_rotation_at_aws_is_remembered_when_other_secrets_have_changed_since(
    monkeypatch: pytest.MonkeyPatch, aws: Any
) -> None:
    for version in (SECOND, THIRD, THIRD | {"SENTRY_DSN": "https://k@sentry.example/1"}):
        aws.put_secret_value(SecretId="flagsite/production", SecretString=json.dumps(version))
    monkeypatch.setenv("SECRETS_FROM", "aws:flagsite/production")
    assert env.secret("SECRET_KEY") == "the second"
    assert env.secret_before("SECRET_KEY") == ["the first"]


def test_a_name_that_is_misspelt_at_aws_stops_the_process(monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    aws.put_secret_value(SecretId="flagsite/production", SecretString='{"SECRET_KEY": "a key", "DATABSE_URL": "x"}')
    monkeypatch.setenv("SECRETS_FROM", "aws:flagsite/production")
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(ImproperlyConfigured, match="SECRETS_FROM: there is no DATABASE_URL in it"):
        env.secret("DATABASE_URL", is_needed=True)


def test_a_secret_that_is_not_at_aws_stops_the_process(monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    del aws
    monkeypatch.setenv("SECRETS_FROM", "aws:nothing")
    with pytest.raises(ImproperlyConfigured, match="SECRETS_FROM: ResourceNotFoundException when asking for nothing"):
        env.secret("SECRET_KEY")


class Vault(BaseHTTPRequestHandler):
    """A stub of Vault's HTTP API: the key-value store, version 2, at `secret`, with one path and four versions."""

    VERSIONS = (FIRST, None, SECOND, THIRD)
    """The second was deleted."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.headers["X-Vault-Token"] != "a-token":
            return self._answer(403, {"errors": ["permission denied"]})
        if path != "/v1/secret/data/flagsite":
            return self._answer(404, {"errors": []})
        version = int(query.removeprefix("version=") or 0) or len(self.VERSIONS)
        if self.VERSIONS[version - 1] is None:
            return self._answer(
                404, {"data": {"data": None, "metadata": {"version": version, "deletion_time": "2026"}}}
            )
        metadata = {"version": version, "destroyed": False, "deletion_time": ""}
        return self._answer(200, {"data": {"data": self.VERSIONS[version - 1], "metadata": metadata}})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Vault) as server:
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("VAULT_TOKEN", "a-token")
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield
        server.shutdown()
        serving.join()


@pytest.mark.usefixtures("vault")
def test_vault_is_asked_for_this_version_and_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_FROM", "vault:secret/flagsite")
    assert env.secret("SECRET_KEY") == "the second"
    assert env.secret_before("SECRET_KEY") == ["the first"]


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(
    ("place", "token", "reason"),
    [
        ("vault:secret/nothing", "a-token", "InvalidPath when asking for secret/nothing"),
        ("vault:secret/flagsite", "another", "Forbidden when asking for secret/flagsite"),
        ("vault:", "a-token", "a place is one of aws:…, vault:…"),
        ("keychain:flagsite", "a-token", "a place is one of aws:…, vault:…"),
    ],
)
def test_what_vault_does_not_give_stops_the_process(
    monkeypatch: pytest.MonkeyPatch, place: str, token: str, reason: str
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", token)
    monkeypatch.setenv("SECRETS_FROM", place)
    with pytest.raises(ImproperlyConfigured, match=f"SECRETS_FROM: {reason}"):
        env.secret("SECRET_KEY")


@pytest.mark.usefixtures("vault")
def test_the_settings_take_the_key_of_before_as_a_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_FROM", "vault:secret/flagsite")
    program = "from flagsite import settings; print(settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "the second ['the first']\n", done.stderr
