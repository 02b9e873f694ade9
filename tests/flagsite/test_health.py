"""/healthz, /readyz and /metrics."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

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
