"""What Prometheus is told of flags: what happened is counted, once, and labels cannot grow without end."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import CollectorRegistry, Counter
from pytest_django import Settings
from rest_framework.test import APIClient
from structlog.testing import capture_logs

from accounts.models import Environment
from flags import metrics, recording
from flags.limits import MAX_REPORT_BYTES
from flags.models import Revision
from flags.publishing.notifications import announce
from flags.snapshots import forget_all, snapshot_of
from flags.usage import quotas
from flagsite.exposition import registry
from flagsite.lib import clock
from tests.conftest import Person
from tests.flags.builders import boolean, change, create
from tests.scraping import Scrape

pytestmark = pytest.mark.django_db

SHOP = {"project": "shop", "environment": "production"}
SDK = {"name": "python", "version": "1", "instance": "a"}
MINUTE = "2026-11-22T10:04:00Z"


@pytest.fixture
def checkout(ed: Person) -> str:
    create(ed, boolean("checkout"))
    return "checkout"


def now() -> Scrape:
    return Scrape(registry().collect())


def report(sdk: APIClient, **fields: Any) -> None:
    body = {"batch": str(uuid4()), "sdk": {"name": "python", "version": "1", "instance": "a"}} | fields
    assert sdk.post("/sdk/events", body, format="json").status_code == 202


def test_a_series_too_many_is_counted_with_the_others() -> None:
    counter = Counter("bounded", "", ("environment", "flag", "code"), registry=CollectorRegistry())
    bounded = metrics.Bounded(counter, most=2, replaced=(1,))
    for flag in ("a", "b", "c", "d", "a", "d"):
        bounded.add("production", flag, "GENERAL", number=10)
    found = Scrape(counter.collect())
    by_flag = {flag: found.value("bounded_total", flag=flag) for flag in ("a", "b", "c", "d", metrics.OTHER)}
    assert by_flag == {"a": 20, "b": 10, "c": 0, "d": 0, metrics.OTHER: 30}


def test_reasons_and_codes_that_are_none_of_ours_are_counted_together() -> None:
    place = metrics.Place("shop", "production")
    before = now()
    metrics.evaluated(place, "sale", variation="on", reason="BECAUSE", source="sdk", number=3)
    metrics.failed(place, "sale", code="X" * 32, source="sdk")
    after = now()
    for name in ("flagsite_evaluations_total", "flagsite_evaluation_errors_total"):
        label = {"reason": metrics.OTHER} if name == "flagsite_evaluations_total" else {"code": metrics.OTHER}
        assert after.value(name, **SHOP, **label) > before.value(name, **SHOP, **label)


def test_a_snapshot_is_built_once_then_takes_deltas_then_is_current(
    ed: Person, checkout: str, production: Environment
) -> None:
    forget_all()
    seen = []
    for percentage in (None, 10, None):
        if percentage is not None:
            change(ed, checkout, rollout_percentage=percentage)
        production.refresh_from_db()
        before = now()
        snapshot_of(production)
        after = now()
        seen.append(
            [
                result
                for result in ("hit", "deltas", "built")
                if after.value("flagsite_snapshot_lookups_total", result=result)
                > before.value("flagsite_snapshot_lookups_total", result=result)
            ]
        )
    assert seen == [["built"], ["deltas"], ["hit"]]


def test_an_update_s_latency_does_not_depend_on_the_sdk_s_clock(
    checkout: str, production: Environment, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_at = Revision.objects.filter(environment=production).latest("number").created_at
    newest = Revision.objects.filter(environment=production).latest("number").number
    before = now()
    monkeypatch.setattr(clock, "now", lambda: made_at + timedelta(seconds=7.0))  # when the report arrives
    report(sdk, updates=[{"revision": newest, "source": "stream", "age_seconds": 6.8}])
    after = now()
    name = "flagsite_update_latency_seconds"
    assert after.value(f"{name}_count", **SHOP) - before.value(f"{name}_count", **SHOP) == 1
    took = after.value(f"{name}_sum", **SHOP) - before.value(f"{name}_sum", **SHOP)
    assert took == pytest.approx(0.2, abs=0.001)


def test_revisions_that_nobody_knows_and_ages_from_before_are_no_latency(
    checkout: str, production: Environment, sdk: APIClient
) -> None:
    newest = Revision.objects.filter(environment=production).latest("number").number
    before = now()
    report(sdk, updates=[{"revision": newest + 7, "source": "poll", "age_seconds": 0}])
    report(sdk, updates=[{"revision": newest, "source": "poll", "age_seconds": 1e9}])
    after = now()
    name = "flagsite_update_latency_seconds"
    counted = after.value(f"{name}_count", source="poll") - before.value(f"{name}_count", source="poll")
    added = after.value(f"{name}_sum", source="poll") - before.value(f"{name}_sum", source="poll")
    assert (counted, added) == (1, 0)


@pytest.mark.parametrize(
    "update",
    [
        {"revision": 0, "source": "stream", "age_seconds": 1},
        {"revision": 1, "source": "pigeon", "age_seconds": 1},
        {"revision": 1, "source": "stream", "age_seconds": -1},
        {"revision": 1, "source": "stream"},
        {"revision": 2**63, "source": "stream", "age_seconds": 1},
    ],
)
def test_an_update_that_makes_no_sense_is_refused(sdk: APIClient, update: dict[str, Any]) -> None:
    body = {"batch": str(uuid4()), "sdk": {"name": "p", "version": "1", "instance": "a"}, "updates": [update]}
    assert sdk.post("/sdk/events", body, format="json").status_code == 400


def test_what_sdks_count_is_counted_by_variation_or_by_error(sdk: APIClient) -> None:
    minute = "2026-11-22T10:04:00Z"
    served = {"flag": "sale", "variation": "on", "reason": "FALLTHROUGH", "count": 7, "minute": minute}
    failed = {"flag": "typo", "variation": None, "reason": "ERROR", "count": 2, "minute": minute}
    before = now()
    report(sdk, counts=[served, failed | {"error_code": "FLAG_NOT_FOUND"}, failed])
    after = now()

    def more(name: str, **labels: str) -> float:
        return after.value(name, **SHOP, **labels) - before.value(name, **SHOP, **labels)

    assert more("flagsite_evaluations_total", flag="sale", variation="on", reason="FALLTHROUGH", source="sdk") == 7
    assert more("flagsite_evaluations_total", flag="typo") == 0
    assert more("flagsite_evaluation_errors_total", flag="typo", code="FLAG_NOT_FOUND", source="sdk") == 2
    assert more("flagsite_evaluation_errors_total", flag="typo", code=metrics.OTHER, source="sdk") == 2


def test_what_the_server_decides_is_counted_by_variation_or_by_error(ed: Person, checkout: str, sdk: APIClient) -> None:
    before = now()
    for flag in (checkout, "typo", "No Key"):
        sdk.post("/evaluate", {"flag_key": flag, "context": {"id": "ann"}}, format="json")
    sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ann"}}, format="json")
    recording.flush()
    after = now()

    def more(name: str, **labels: str) -> float:
        return after.value(name, **SHOP, **labels) - before.value(name, **SHOP, **labels)

    served = {"flag": checkout, "variation": "on", "reason": "FALLTHROUGH", "source": "server"}
    assert more("flagsite_evaluations_total", **served) == 2
    assert more("flagsite_evaluations_total", source="server") == 2  # SDKs of other tests have reported huge numbers
    assert more("flagsite_evaluation_errors_total", flag="typo", code="FLAG_NOT_FOUND", source="server") == 1
    assert more("flagsite_evaluation_errors_total", source="server") == 1


def test_what_is_not_recorded_is_counted_by_why(sdk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flags.limits.MAX_UNKNOWN_FLAGS", 0)
    before = now()
    sdk.post("/evaluate", {"flag_key": "typo", "context": {"id": "ann"}}, format="json")
    reason = recording.Drop.UNKNOWN_FLAGS.value
    name = "flagsite_records_dropped_total"
    assert now().value(name, reason=reason) - before.value(name, reason=reason) == 1


def test_a_batch_that_is_sent_again_is_counted_as_such(sdk: APIClient) -> None:
    before = now()
    body = {
        "batch": str(uuid4()),
        "sdk": {"name": "p", "version": "1", "instance": "a"},
        "events": [{"name": "x", "context_id": "ann", "time": "2026-11-22T10:04:00Z"}],
    }
    for _ in range(3):
        sdk.post("/sdk/events", body, format="json")
    after = now()

    def more(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    assert more("flagsite_reports_total", **SHOP, result="taken") == 1
    assert more("flagsite_reports_total", **SHOP, result="repeated") == 2
    assert more("flagsite_report_rows_total", kind="events") == 1


def test_a_change_is_counted_and_announced(ed: Person, checkout: str, django_capture_on_commit_callbacks: Any) -> None:
    before = now()
    with django_capture_on_commit_callbacks(execute=True):
        change(ed, checkout, enabled=False)
    after = now()
    revisions = [scrape.value("flagsite_revisions_total", **SHOP) for scrape in (before, after)]
    announced = [scrape["flagsite_publish_announce_seconds_count"] for scrape in (before, after)]
    assert revisions[1] - revisions[0] == 1
    assert announced[1] - announced[0] == 1


def test_an_announcement_that_redis_does_not_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        async def group_send(self, *_: object) -> None:
            raise ConnectionError

    monkeypatch.setattr("flags.publishing.notifications.get_channel_layer", Away)
    before = now()
    announce({7: 42})
    assert now()["flagsite_announcements_dropped_total"] == before["flagsite_announcements_dropped_total"] + 1


@pytest.mark.parametrize(
    ("body", "status", "result"),
    [
        (b"{", 400, "invalid"),
        (b'{"batch": 7}', 400, "invalid"),
        (b" " * (MAX_REPORT_BYTES + 1), 413, "too_large"),
        (b"", 429, "too_many"),
    ],
)
def test_a_report_that_is_refused_is_counted_as_such(
    body: bytes, status: int, result: str, sdk: APIClient, settings: Settings
) -> None:
    report(sdk)
    before = now()
    results = {labels["result"] for name, labels, _ in before.samples if name == "flagsite_reports_total"}
    assert results == {"taken", "repeated", "invalid", "too_large", "too_many"}  # there before they are needed
    if status == 429:
        settings.REPORTED_ROWS_PER_DAY = 1
        events = [{"name": "x", "context_id": "ann", "time": MINUTE}] * 5000
        body = orjson.dumps({"batch": str(uuid4()), "sdk": SDK, "events": events})
        assert sdk.post("/sdk/events", body, content_type="application/json").status_code == 202
        body = orjson.dumps({"batch": str(uuid4()), "sdk": SDK})
    assert sdk.post("/sdk/events", body, content_type="application/json").status_code == status
    after = now()
    asked = [(each, {**SHOP, "result": each}) for each in results - {"taken"}]
    name = "flagsite_reports_total"
    more = {each: after.value(name, **labels) - before.value(name, **labels) for each, labels in asked}
    assert {each: number for each, number in more.items() if number} == {result: 1}


def test_counts_of_too_many_keys_that_are_no_flags_are_lost_and_said_to_be(
    ed: Person, checkout: str, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "MAX_UNKNOWN_FLAGS", 2)
    counted = {"variation": None, "reason": "ERROR", "count": 5, "minute": MINUTE}
    before = now()
    with capture_logs() as lines:
        report(sdk, counts=[counted | {"flag": key} for key in ("a", "b", "c", "d", checkout)])
    name, lost = "flagsite_records_dropped_total", {"reason": "unknown_flags"}
    assert now().value(name, **lost) - before.value(name, **lost) == 10
    said = [line["number"] for line in lines if line["event"] == "evaluations_of_unknown_flags_not_counted"]
    assert said == [10]
