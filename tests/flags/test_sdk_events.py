"""POST /sdk/events: what SDKs report is counted once, within limits."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Project
from flags.models import EvaluationCount, ReportBatch, TrackedEvent
from flags.services import forget_reports
from flags.tasks import forget_reports as forget_task
from flags.usage import quotas
from flags.usage.reports import MAX_COUNT
from flagsite.lib import clock
from tests.flags.builders import make
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

SDK = {"name": "flagsite-python", "version": "0.1.0", "instance": str(uuid4())}
MINUTE = "2026-11-22T10:04:00Z"


def count(**changes: Any) -> dict[str, Any]:
    counted = {"flag": "checkout", "variation": "on", "reason": "FALLTHROUGH", "count": 3, "minute": MINUTE}
    return counted | changes


def event(**changes: Any) -> dict[str, Any]:
    return {"name": "purchase", "context_id": "ann", "value": 12.5, "time": MINUTE} | changes


def batch(*, counts: Any = (), events: Any = (), **changes: Any) -> dict[str, Any]:
    return {"batch": str(uuid4()), "sdk": SDK, "counts": counts, "events": events} | changes


def report(sdk: APIClient, body: Any, **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sdk.post("/sdk/events", raw, content_type="application/json", headers=headers)


def counted() -> dict[tuple[str, str, str], int]:
    rows = EvaluationCount.objects.values_list("flag_key", "variation", "reason", "count")
    return {(flag, variation, reason): number for flag, variation, reason, number in rows}


def test_counts_of_the_same_minute_are_added_up(sdk: APIClient) -> None:
    later = count(minute="2026-11-22T10:04:59.5Z")
    elsewhere = count(minute="2026-11-22T12:04:00+02:00")
    response = report(sdk, batch(counts=[count(), later, elsewhere, count(variation="off")]))
    assert (response.status_code, response.content) == (202, b"")
    report(sdk, batch(counts=[count(count=10)]))
    assert counted() == {("checkout", "on", "FALLTHROUGH"): 19, ("checkout", "off", "FALLTHROUGH"): 3}
    assert {row.minute for row in EvaluationCount.objects.all()} == {datetime(2026, 11, 22, 10, 4, tzinfo=UTC)}


def test_minutes_reasons_and_failures_are_counted_apart(sdk: APIClient) -> None:
    failure = count(variation=None, reason="ERROR")
    report(sdk, batch(counts=[count(), count(minute="2026-11-22T10:05:00Z"), failure]))
    assert EvaluationCount.objects.count() == 3
    assert counted()["checkout", "", "ERROR"] == 3


def test_the_same_batch_is_counted_once_however_often_it_is_sent(sdk: APIClient) -> None:
    body = batch(counts=[count()], events=[event()])
    assert [report(sdk, body).status_code for _ in range(3)] == [202, 202, 202]
    assert (counted(), TrackedEvent.objects.count()) == ({("checkout", "on", "FALLTHROUGH"): 3}, 1)


def test_events_are_kept_with_whom_what_and_when(sdk: APIClient) -> None:
    report(sdk, batch(events=[event(), event(value=None, context_id="")]))
    rows = TrackedEvent.objects.order_by("pk").values_list("environment__key", "name", "context_id", "value", "time")
    moment = datetime(2026, 11, 22, 10, 4, tzinfo=UTC)
    assert list(rows) == [
        ("production", "purchase", "ann", 12.5, moment),
        ("production", "purchase", "", None, moment),
    ]


def test_a_report_may_be_compressed(sdk: APIClient) -> None:
    body = gzip.compress(json.dumps(batch(counts=[count()])).encode())
    assert report(sdk, body, **{"Content-Encoding": "gzip"}).status_code == 202
    assert counted() == {("checkout", "on", "FALLTHROUGH"): 3}


def test_a_report_may_be_as_large_as_the_limits_say(sdk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MAX_UNKNOWN_FLAGS", 2500)
    counts = [count(flag=f"flag-{n}", count=MAX_COUNT) for n in range(2500)]
    events = [event(context_id=f"user-{n}") for n in range(2500)]
    assert report(sdk, batch(counts=counts, events=events)).status_code == 202
    assert (EvaluationCount.objects.count(), TrackedEvent.objects.count()) == (2500, 2500)


def test_the_largest_counts_of_a_batch_still_fit(sdk: APIClient) -> None:
    for _ in range(2):
        assert report(sdk, batch(counts=[count(count=MAX_COUNT)] * 5000)).status_code == 202
    assert counted() == {("checkout", "on", "FALLTHROUGH"): 10_000 * MAX_COUNT}


def test_a_backslash_before_u0000_is_no_nul_character(sdk: APIClient) -> None:
    assert report(sdk, batch(counts=[count(flag="\\u0000")])).status_code == 202


WRONG = [
    (batch(counts=[count(count=0)]), "counts[0].count"),
    (batch(counts=[count(count=-1)]), "counts[0].count"),
    (batch(counts=[count(count=MAX_COUNT + 1)]), "counts[0].count"),
    (batch(counts=[count(count=10**30)]), "counts[0].count"),
    (batch(counts=[count(count=1.5)]), "counts[0].count"),
    (batch(counts=[count(count=True)]), "counts[0].count"),
    (batch(counts=[count(), count(flag="")]), "counts[1].flag"),
    (batch(counts=[count(flag="x" * 129)]), "counts[0].flag"),
    (batch(counts=[count(flag="a\0b")]), "counts[0].flag"),
    (batch(counts=[count(flag=None)]), "counts[0].flag"),
    (batch(counts=[count(variation="x\0")]), "counts[0].variation"),
    (batch(counts=[count(variation="x" * 129)]), "counts[0].variation"),
    (batch(counts=[count(reason="WEIRD")]), "counts[0].reason"),
    (batch(counts=[count(reason="\0")]), "counts[0].reason"),
    (batch(counts=[count(minute="2026-11-22T10:04:00")]), "counts[0].minute"),
    (batch(counts=[count(minute="today")]), "counts[0].minute"),
    (batch(counts=[count(minute="0001-01-01T00:00:00+10:00")]), "counts[0]"),
    (batch(counts=[count(minute="9999-12-31T23:59:59-10:00")]), "counts[0]"),
    (batch(counts=[count(extra=1)]), "counts[0]"),
    (batch(counts={}), "counts"),
    (batch(counts=None), "counts"),
    (batch(events=[event(name="")]), "events[0].name"),
    (batch(events=[event(name="a\0")]), "events[0].name"),
    (batch(events=[event(context_id=7)]), "events[0].context_id"),
    (batch(events=[event(context_id="x" * 513)]), "events[0].context_id"),
    (batch(events=[event(context_id="\0")]), "events[0].context_id"),
    (batch(events=[event(value="12")]), "events[0].value"),
    (batch(events=[event(time="9999-12-31T23:59:59-10:00")]), "events[0]"),
    (batch(events=[event(time="0001-01-01T00:00:00+10:00")]), "events[0]"),
    (batch(batch="7"), "batch"),
    (batch(batch=None), "batch"),
    (batch(sdk={}), "sdk"),
    (batch(sdk=None), "sdk"),
    (batch(other=1), ""),
    ([], ""),
    (None, ""),
    (b"", ""),
    (b"{", ""),
    (b"\xff", ""),
    (b"NaN", ""),
    (json.dumps(batch(counts=[count(flag="FLAG")])).encode().replace(b"FLAG", b"\xff\xfe"), ""),
    (json.dumps(batch(counts=[count(flag="FLAG")])).encode().replace(b"FLAG", b"\\ud800"), ""),
    (json.dumps(batch(events=[event(value=0)])).encode().replace(b"0,", b"1e999,"), "events[0].value"),
    (json.dumps(batch(sdk=SDK | {"x": 0})).encode().replace(b'"x": 0', b'"x": ' + b"[" * 50_000), ""),
    (b"[" * 100_000, ""),
]


def test_what_cannot_be_counted_is_refused_and_nothing_is_taken(sdk: APIClient, subtests: pytest.Subtests) -> None:
    with nothing_changes():
        for body, path in WRONG:
            with subtests.test(str(body)[-80:]):
                assert_problem(report(sdk, body), 400, "INVALID", path)


def test_what_is_too_large_is_refused_and_nothing_is_taken(sdk: APIClient, subtests: pytest.Subtests) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    large: list[tuple[Any, dict[str, str]]] = [
        (batch(counts=[count()] * 2501, events=[event()] * 2500), {}),
        (b" " * (1024 * 1024 + 1), {}),
        (bomb, {"Content-Encoding": "gzip"}),
    ]
    for body, headers in large:
        with subtests.test(), nothing_changes():
            assert_problem(report(sdk, body, **headers), 413, "TOO_LARGE")


def test_what_sdks_report_in_a_day_has_an_end(
    sdk: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "monotonic", lambda: 1_000.0)
    settings.REPORTED_ROWS_PER_DAY = 86_400  # one a second; what an hour would have left is 3,600, less than one report
    events = [event(context_id=f"user-{n}") for n in range(5_000)]
    assert report(sdk, batch(events=events)).status_code == 202
    with nothing_changes():
        response = report(sdk, batch(counts=[count()], events=events[:9]))
    assert_problem(response, 429, "TOO_MANY_REQUESTS")
    assert response.headers["Retry-After"] == "10"
    settings.REPORTED_ROWS_PER_DAY = 0
    assert report(sdk, batch(events=events)).status_code == 202


def test_counts_are_sums_and_fill_nothing_up(sdk: APIClient, settings: Settings) -> None:
    settings.REPORTED_ROWS_PER_DAY = 24
    for _ in range(5):
        assert report(sdk, batch(counts=[count()] * 5_000)).status_code == 202


def test_of_flags_that_are_not_there_only_so_many_are_counted(
    sdk: APIClient, shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "MAX_UNKNOWN_FLAGS", 3)
    make(shop, "checkout")
    for _ in range(2):
        report(sdk, batch(counts=[count(), *(count(flag=f"made-up-{n}") for n in range(10))]))
    assert {flag: number for (flag, _, _), number in counted().items()} == {
        "checkout": 6,
        **{f"made-up-{n}": 6 for n in range(3)},
    }


def test_what_is_no_gzip_is_refused(sdk: APIClient, subtests: pytest.Subtests) -> None:
    packed = gzip.compress(json.dumps(batch(counts=[count()])).encode())
    for body in (b"{}", packed[:-5], packed[:20], packed[:15] + b"\0" + packed[16:], b""):
        with subtests.test(str(body[:20])), nothing_changes():
            response = report(sdk, body, **{"Content-Encoding": "gzip"})
            assert response.status_code == 400
            assert response.headers["Content-Type"] == "application/problem+json"


def test_old_reports_are_forgotten_and_young_ones_kept(sdk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    report(sdk, batch(counts=[count()], events=[event()]))
    taken = datetime(2026, 11, 22, 10, 4, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: taken + timedelta(days=10))
    ReportBatch.objects.update(received_at=taken)
    assert forget_reports(older_than=timedelta(days=11)) == 1  # the SDK that has been silent for over a day
    assert forget_reports(older_than=timedelta(days=9)) == 2
    assert EvaluationCount.objects.count() == 1  # counts are rolled up instead
    assert forget_task() == 0
