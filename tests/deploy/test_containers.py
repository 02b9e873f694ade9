"""The image and compose.yaml name only what is there. `make lint` asks hadolint and the schema of compose as well."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flagsite.serve import PROCESSES
from tests.docs.markdown import page, quoted, rows

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
APPS = {"accounts", "flags", "flagsite", "rollouts", "segments", "templates"}


def test_every_process_of_an_installation_is_a_service() -> None:
    assert {service["command"][2] for service in OURS.values() if "-m" in service["command"]} == set(PROCESSES)
    assert {"postgres", "redis", "prometheus", "grafana"} < SERVICES.keys()


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
    for name, service in OURS.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert re.findall(rf"\$\{{{secret}(?!:\?)", text) == []


def test_every_variable_of_ours_is_a_setting() -> None:
    documented = {quoted(row[0])[0] for row in rows(page("docs/reference/settings.md").text) if quoted(row[0])}
    given = {name for service in OURS.values() for name in service["environment"]}
    assert given - documented == set()


@pytest.mark.parametrize("service", ["prometheus", "grafana"])
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
