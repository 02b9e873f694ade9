"""A real Prometheus on a running Flagsite under load: every panel and every alert asks something that has an answer."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from deploy.grafana.dashboard import dashboard
from tests.deploy.prometheus import Prometheus, as_prometheus_reads_it, needs_prometheus, ours
from tests.ports import eventually
from tests.processes.load import Load
from tests.processes.site import Site

pytestmark = needs_prometheus

COMPARED = re.compile(r"(?P<quantity>.+) (==|>|<) [\d.]+", re.DOTALL)
LONG_ENOUGH = 60.0


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that looks at two web workers, a stream and a Celery worker, all of them busy."""
    directory = tmp_path_factory.mktemp("prometheus")
    site = Site(tmp_path_factory.mktemp("site"), flags=5)
    site.environment["PROMETHEUS_MULTIPROC_DIR"] = str(directory / "metrics")
    try:
        web, stream, worker = site.web("--workers", "2"), site.stream(), site.worker()
        targets = {"localhost:8000": web.port, "localhost:8001": stream.port, "localhost:9109": worker.port}
        load = Load(site, web=web, stream=stream, directory=directory)
        with load, Prometheus(directory, configuration=ours(targets)) as running:
            yield running
            assert load.problems == []
            assert "Traceback" not in web.said() + stream.said() + worker.said()
    finally:
        site.close()


def panels() -> Iterator[tuple[str, str]]:
    made = dashboard()
    yield "annotation", made["annotations"]["list"][0]["expr"].removesuffix(" > 0")
    for panel in made["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']}: {target['legendFormat']}", target["expr"]


def unanswered(prometheus: Prometheus, questions: dict[str, str]) -> list[str]:
    """Ask until all are answered or the time is over; return those that never were."""
    left = dict(questions)

    def ask() -> bool:
        for name, expression in list(left.items()):
            if prometheus.ask(as_prometheus_reads_it(expression)):
                del left[name]
        return not left

    try:
        eventually(ask, within=LONG_ENOUGH)
    except AssertionError:
        return sorted(left)
    return []


def test_every_panel_shows_something(prometheus: Prometheus) -> None:
    questions = dict(panels())
    assert len(questions) > 40
    assert unanswered(prometheus, questions) == []


def test_every_alert_compares_something_that_is_there(prometheus: Prometheus) -> None:
    quantities = {}
    for rule in eventually(prometheus.rules, what="the rules are loaded"):
        compared = COMPARED.fullmatch(rule["query"])
        assert compared, f"{rule['name']} does not compare a quantity with a bound"
        quantities[rule["name"]] = compared["quantity"]
    assert unanswered(prometheus, quantities) == []


def test_the_rules_can_be_evaluated_and_those_of_a_healthy_site_are_quiet(prometheus: Prometheus) -> None:
    rules = eventually(lambda: [rule for rule in prometheus.rules() if rule["health"] != "unknown"], within=30)
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] != "ok"] == []
    deliberate = {
        "FlagsiteEvaluationErrors",
        "FlagsiteFlagFails",
        "FlagsiteReconnects",
    }  # the load does these on purpose

    def alarmed() -> set[str]:
        return {rule["name"] for rule in prometheus.rules() if rule["state"] != "inactive"}

    eventually(lambda: "FlagsiteEvaluationErrors" in alarmed(), within=LONG_ENOUGH)
    assert alarmed() - deliberate == set()


def test_what_is_measured_is_plausible(prometheus: Prometheus, record_testsuite_property: Any) -> None:
    latency = 'histogram_quantile(%s, sum by (le) (rate(flagsite_update_latency_seconds_bucket{source="stream"}[1m])))'
    figures = {
        "update_latency_p50": (latency % 0.5, 1.0),
        "update_latency_p99": (latency % 0.99, 2.5),
        "scrape_worst": ('max(scrape_duration_seconds{job=~"flagsite.*"})', 1.0),
        "beat_lag": ("max(flagsite_beat_lag_seconds)", 5.0),
    }
    for name, (expression, most) in figures.items():
        (seconds,) = eventually(partial(prometheus.ask, expression), within=LONG_ENOUGH, what=name)
        record_testsuite_property(f"{name}_ms", round(seconds * 1e3))
        assert 0 <= seconds < most, name
    assert prometheus.ask("sum(flagsite_sdk_connections)")[0] in {1, 2}  # one stays, one comes and goes
