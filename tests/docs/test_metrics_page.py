"""docs/reference/metrics.md lists exactly the metrics that there are, with their types and labels."""

from typing import Any

from prometheus_client import REGISTRY

import flags.stream.metrics
import flagsite.work_metrics  # noqa: F401 - registers, as the line above
import rollouts.metrics
from flags import limits
from flagsite.queues import QueueLength
from rollouts.models import Occurrence, Ramp, Verdict
from tests.docs.markdown import page, quoted, rows

PAGE = page("docs/reference/metrics.md")
SECTIONS = ("Flags", "What SDKs report", "The stream", "Celery", "Ramps", "Notices")


def _registered() -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    collectors: list[Any] = list(REGISTRY._collector_to_names)
    for collector in collectors:
        if getattr(collector, "_name", "").startswith("flagsite_"):
            name = collector._name + ("_total" if collector._type == "counter" else "")
            found[name] = collector._type, tuple(collector._labelnames)
    for family in QueueLength().collect():
        found[family.name] = family.type, tuple(family.samples[0].labels)
    return found


def test_every_metric_stands_on_the_page_with_its_type_and_labels() -> None:
    listed = [row for section in SECTIONS for row in rows(PAGE.section(section))]
    documented = {quoted(name)[0]: (kind, tuple(quoted(labels))) for name, kind, labels, _ in listed}
    assert documented == _registered()


def test_the_ways_of_the_stream_to_end_are_those_on_the_page() -> None:
    (meaning,) = (row[3] for row in rows(PAGE.section("The stream")) if "disconnects" in row[0])
    assert set(quoted(meaning)) == flags.stream.metrics.CAUSES


def test_the_bounds_are_those_on_the_page() -> None:
    bounds = PAGE.section("Labels are bounded")
    assert f"{limits.MAX_EVALUATION_SERIES:,} series" in bounds
    assert f"{limits.MAX_ERROR_SERIES:,} of `flagsite_evaluation_errors_total`" in bounds
    assert f"at most {limits.MAX_REPORTED_UPDATES} updates" in PAGE.section("Update latency")


def test_what_comes_of_a_notice_is_on_the_page() -> None:
    (meaning,) = (row[3] for row in rows(PAGE.section("Notices")) if "deliveries" in row[0])
    assert set(quoted(meaning)) == set(rollouts.metrics.OUTCOMES)


def test_what_happens_to_ramps_and_what_guardrails_find_is_on_the_page() -> None:
    meanings = {quoted(row[0])[0]: set(quoted(row[3])) for row in rows(PAGE.section("Ramps"))}
    assert meanings["flagsite_ramp_occurrences_total"] == set(Occurrence.Kind.values)
    assert meanings["flagsite_guardrail_checks_total"] == set(Verdict.values)
    assert meanings["flagsite_ramps"] - {"max"} == {status.value for status in Ramp.ACTIVE}
