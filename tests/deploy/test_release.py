"""`python -m deploy.release` against a fake platform: a release that is not well goes back by itself."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from flagsite.serve import PROCESSES

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "deploy/fly.production.toml"
OLD, NEW = "registry/flagsite@sha256:old", "registry/flagsite@sha256:new"

Release = Callable[..., subprocess.CompletedProcess[str]]


class Platform:
    """What the fake flyctl keeps, and a site that is as well as its image."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.sick: set[str] = set()
        self.url = ""
        self.runs(OLD)

    def runs(self, *images: str) -> None:
        releases = [{"Status": "complete", "ImageRef": image} for image in images]
        (self._directory / "releases").write_text(json.dumps(releases))

    @property
    def image(self) -> str:
        image: str = json.loads((self._directory / "releases").read_text())[0]["ImageRef"]
        return image

    @property
    def asked(self) -> list[str]:
        lines = (self._directory / "asked").read_text().splitlines()
        return [json.loads(line)[0] for line in lines]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    found = Platform(tmp_path)

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if found.image in found.sick else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield found
        server.shutdown()
        serving.join()


@pytest.fixture
def release(platform: Platform, tmp_path: Path) -> Release:
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "deploy.release",
            "--app",
            "flagsite",
            "--config",
            "deploy/fly.production.toml",
        ]
        command += ["--image", NEW, "--url", platform.url, "--within", "0.5", "--in-a-row", "3", "--pause", "0.01"]
        path = f"{ROOT / 'tests/deploy/fake'}{os.pathsep}{os.environ['PATH']}"
        known = {**os.environ, "PATH": path, "FAKE_FLY": str(tmp_path), "no_proxy": "*"}
        return subprocess.run(
            command, cwd=ROOT, env=known | environment, capture_output=True, text=True, check=False, timeout=30
        )

    return run


def test_a_release_that_is_well_stays(platform: Platform, release: Release) -> None:
    done = release()
    assert done.returncode == 0, done.stdout + done.stderr
    assert platform.image == NEW
    assert platform.asked == ["releases", "deploy"]


def test_a_release_that_is_not_well_goes_back_by_itself(platform: Platform, release: Release) -> None:
    platform.sick = {NEW}
    done = release()
    assert done.returncode == 1, done.stdout + done.stderr
    assert platform.image == OLD
    assert platform.asked == ["releases", "deploy", "deploy"]
    assert "going back to registry/flagsite@sha256:old" in done.stdout


def test_a_platform_that_does_not_answer_leaves_everything_as_it_was(platform: Platform, release: Release) -> None:
    done = release(FAKE_FLY_FAILS="releases")
    assert done.returncode == 2
    assert platform.image == OLD
    assert "the platform is not well" in done.stdout


def test_a_platform_that_cannot_roll_out_is_said_and_needs_somebody(platform: Platform, release: Release) -> None:
    done = release(FAKE_FLY_FAILS="deploy")
    assert done.returncode == 3
    assert "going back failed" in done.stdout
    assert platform.image == OLD


def test_the_first_release_has_nothing_to_go_back_to(platform: Platform, release: Release) -> None:
    platform.runs()
    platform.sick = {NEW}
    assert release().returncode == 3


def test_an_old_release_that_is_not_well_either_is_said(platform: Platform, release: Release) -> None:
    platform.sick = {NEW, OLD}
    done = release()
    assert done.returncode == 3
    assert "not well either" in done.stdout


def test_the_app_has_every_process_of_an_installation() -> None:
    configuration = tomllib.loads(CONFIG.read_text())
    processes = configuration["processes"]
    assert {command.split()[2] for command in processes.values()} == set(PROCESSES) == set(processes)
    assert configuration["deploy"]["release_command"] == "manage.py migrate --noinput"
