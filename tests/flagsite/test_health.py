"""/healthz, /readyz and /metrics."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from accounts.models import Project
from flagsite import health


def test_alive_is_answered_without_asking_anybody() -> None:
    response = Client().get("/healthz")  # this test has no database
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_an_empty_installation_is_ready() -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "failed": {}})


@pytest.mark.django_db
def test_an_installation_with_environments_has_loaded_one(shop: Project) -> None:
    assert Client().get("/readyz").json()["status"] == "ready"


@pytest.mark.django_db
def test_a_missing_migration_is_not_ready() -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("flags")
    MigrationRecorder(connection).record_unapplied(*newest)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["failed"]["migrations"].endswith("not applied")


@pytest.mark.django_db
def test_a_database_that_is_away_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("host 10.0.0.7 does not answer")

    monkeypatch.setattr(connection, "cursor", away)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["failed"]) == (503, {"database": "OperationalError"})
    assert b"10.0.0.7" not in response.content


@pytest.mark.django_db
def test_a_snapshot_that_cannot_be_loaded_is_not_ready(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(health, "snapshot_of", fail)
    assert Client().get("/readyz").json()["failed"] == {"snapshot": "MemoryError"}


@pytest.mark.django_db
def test_metrics_are_in_prometheus_s_format() -> None:
    Client().get("/healthz")
    response = Client().get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"# TYPE django_http_requests_total_by_method_total counter" in response.content
    assert b"_created" not in response.content  # it would double what is scraped


@pytest.mark.django_db
@pytest.mark.parametrize("asked_as", ["172.19.0.2:8000", "[fdaa:0:1::3]:8000", "web:8000"])
def test_whoever_watches_a_process_asks_it_by_whatever_name_it_has(asked_as: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["flags.example.com"]
    watching = Client(SERVER_NAME="x", HTTP_HOST=asked_as)
    assert [watching.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]
    assert watching.get("/admin/login/").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_metrics_are_not_for_those_who_come_through_a_proxy(header: str) -> None:
    outside = Client(headers={header: "203.0.113.7"})
    assert outside.get("/metrics").status_code == 404
    assert [outside.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
