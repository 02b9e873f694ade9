"""/metrics of services that are several processes: what each has counted is added up, the dead are not counted on."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from flagsite_sdk import FlagClient

from tests.ports import eventually
from tests.processes.site import Process, Site, patch
from tests.scraping import Scrape

HITS = "flagsite_snapshot_lookups_total"


@pytest.fixture(scope="module")
def metrics_directory(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("metrics")
    site.environment["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    return directory


@pytest.fixture(scope="module")
def web(site: Site, metrics_directory: Path) -> Process:
    return site.web("--workers", "2")


def test_two_workers_behind_one_port_are_added_up(site: Site, web: Process, metrics_directory: Path) -> None:
    asked = 0

    def both_have_answered() -> bool:
        nonlocal asked
        with site.sdk_api(web) as api:  # a new connection, which any of the workers may take
            assert api.get("/sdk/config").status_code == 200
            asked += 1
        return len(list(metrics_directory.glob("service-*/counter_*.db"))) >= 2

    eventually(both_have_answered, within=30, what="both workers have answered")
    for _ in range(3):  # whichever worker is asked
        found = Scrape.of(web.url)
        assert found[HITS] == asked
        answered = found.value(
            "django_http_responses_total_by_status_view_method_total", status="200", view="ConfigView"
        )
        assert answered in {0, asked}


def test_a_change_through_one_service_is_not_counted_by_another(site: Site, web: Process, stream: Process) -> None:
    with site.api(web) as api:
        before = Scrape.of(web.url)["flagsite_revisions_total"]
        patch(api, "flag-0001", rollout_percentage=10)
    assert Scrape.of(web.url)["flagsite_revisions_total"] == before + 1
    assert Scrape.of(stream.url)["flagsite_revisions_total"] == 0


def test_connections_of_a_killed_worker_are_forgotten(site: Site, metrics_directory: Path) -> None:
    both = site.stream("--workers", "2")
    with ExitStack() as clients:
        for _ in range(20):
            clients.enter_context(FlagClient(both.url, site.server_key, report=False))

        def connections() -> float:
            return Scrape.of(both.url)["flagsite_sdk_connections"]

        eventually(lambda: connections() == 20, what="all are counted")
        own = next(path for path in metrics_directory.glob(f"service-{both.pid}-*"))
        victim = int(next(own.glob("gauge_livesum_*.db")).stem.rsplit("_", 1)[1])
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: connections() >= 0 and not list(own.glob(f"gauge_livesum_{victim}.db")), what="it is gone")
        eventually(lambda: connections() == 20, within=20, what="its clients have come back, and none is counted twice")
    both.end()


def test_a_worker_tells_what_its_children_did_and_how_late_beat_is(site: Site, metrics_directory: Path) -> None:
    worker = site.worker()

    def beaten() -> Scrape | None:
        found = Scrape.of(worker.url)
        done = found.value("flagsite_celery_tasks_total", task="flags.tasks.publish_due", state="SUCCESS")
        return found if done and found["flagsite_beat_heartbeat_timestamp_seconds"] else None

    found = eventually(beaten, within=40, what="a heartbeat has arrived")
    assert found is not None
    assert 0 <= found["flagsite_beat_lag_seconds"] < 5
    assert found["flagsite_celery_wait_seconds_count"] > 0
    assert found["flagsite_celery_task_seconds_count"] > 0
    assert "flagsite_celery_queue_length" in found.names()
    worker.end()


def test_a_service_that_starts_removes_what_dead_ones_left(site: Site, metrics_directory: Path) -> None:
    first = site.web()
    Scrape.of(first.url)
    left = list(metrics_directory.glob(f"service-{first.pid}-*"))
    assert len(left) == 1
    first.kill()
    second = site.web()
    Scrape.of(second.url)
    assert not left[0].exists()
    assert list(metrics_directory.glob(f"service-{second.pid}-*"))
    second.end()
