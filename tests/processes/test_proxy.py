"""The nginx of compose.yaml, with its own file, before a web and a stream process: one address for everything."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest
from flagsite_sdk import FlagClient

from tests.ports import free_port
from tests.processes.site import ROOT, Process, Site, patch, sees

FLAGS = 3
ANN = {"id": "ann"}


@pytest.fixture(scope="module")
def proxy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """nginx, which finds the processes where they are here and keeps its files in a directory of the test's."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert nginx, "install nginx: apt-get install nginx-light"
    directory = tmp_path_factory.mktemp("nginx")
    site.environment["TRUSTED_PROXIES"] = "127.0.0.0/8"
    port, web, stream = free_port(), site.web(), site.stream()
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    for there, here in {
        "listen 8080": f"listen 127.0.0.1:{port}",
        "http://web:8000": web.url,
        "http://stream:8000": stream.url,
        "/tmp/": f"{directory}/",  # noqa: S108 - what stands in the file
    }.items():
        assert there in text
        text = text.replace(there, here)
    (directory / "nginx.conf").write_text(text)
    command = [nginx, "-c", str(directory / "nginx.conf"), "-p", str(directory), "-g", "daemon off; user root;"]
    process = Process(command, port=port, environment=site.environment, log=directory / "log")
    yield process.start()
    process.end()


def test_sdks_follow_and_people_change_flags_by_one_address(site: Site, proxy: Process) -> None:
    with FlagClient(proxy.url, site.server_key, report=False) as client, site.api(proxy) as api:
        assert client.status().state == "streaming"
        patch(api, "flag-0000", enabled=False)
        sees(lambda: client.is_enabled("flag-0000", ANN), False)
        patch(api, "flag-0000", enabled=True)
        sees(lambda: client.is_enabled("flag-0000", ANN), True)


def test_events_arrive_as_they_are_written(site: Site, proxy: Process) -> None:
    with site.sdk_api(proxy) as sdk, site.api(proxy) as api, sdk.stream("GET", "/ofrep/v1/events") as events:
        lines = events.iter_lines()
        patch(api, "flag-0001", enabled=False)
        assert any("refetchEvaluation" in line for line in lines)


def test_who_sends_slowly_holds_nobody_up(site: Site, proxy: Process) -> None:
    cookie = httpx.get(f"{proxy.url}/admin/login/", trust_env=False).headers["Set-Cookie"].partition(";")[0]
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000"
    head = f"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n{form}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(40):  # ten times the threads of a web process
            slow = stack.enter_context(closing(socket.create_connection(("127.0.0.1", proxy.port))))
            slow.sendall(head.encode() + b"abc")
        with site.sdk_api(proxy) as sdk:
            assert [sdk.get("/healthz").status_code for _ in range(5)] == [200] * 5
            asked = {"flag_key": "flag-0002", "context": ANN}
            assert [sdk.post("/evaluate", json=asked).status_code for _ in range(20)] == [200] * 20


def test_what_a_client_says_of_its_address_is_not_believed(site: Site, proxy: Process) -> None:
    headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": "203.0.113.66", "Forwarded": "for=203.0.113.66"}
    answer = httpx.get(f"{proxy.url}/flags", headers=headers, trust_env=False)
    assert answer.status_code == 401
    said = site.processes_said()
    assert "203.0.113.66" not in said
    assert '"ip": "127.0.0.1"' in said


def test_a_container_is_well_under_any_name(site: Site) -> None:
    site.environment["ALLOWED_HOSTS"] = "flags.example.com"
    process = site.web()
    (check,) = re.findall(r"^ *CMD (\[.*urlopen.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    _, *command = json.loads(check)
    environment = site.environment | {"PORT": str(process.port)}
    done = subprocess.run([sys.executable, *command], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_metrics_stay_inside(proxy: Process) -> None:
    assert httpx.get(f"{proxy.url}/metrics", trust_env=False).status_code == 404
    assert httpx.get(f"{proxy.url}/readyz", trust_env=False).status_code == 200
