"""What a client measures of itself, and how old the updates are that it reports."""

import json
from typing import Any

import pytest
from flagsite_sdk import FlagClient, Measurement
from flagsite_sdk.applied import MOST_UPDATES, Applied, Update
from flagsite_sdk.batches import Ledger
from flagsite_sdk.counts import Counted
from flagsite_sdk.measurements import KINDS, Kind

from sdk_python.tests.conftest import Connect, eventually, nothing_sent
from sdk_python.tests.documents import boolean
from sdk_python.tests.server import Server

ALICE = {"id": "alice", "password": "hunter2"}


@pytest.fixture
def measured(connect: Connect, server: Server) -> tuple[FlagClient, list[Measurement]]:
    client = connect()
    found: list[Measurement] = []
    client.on_measurement(found.append)
    return client, found


def test_counts_are_told_as_they_are_reported(measured: tuple[FlagClient, list[Measurement]]) -> None:
    client, found = measured
    for _ in range(3):
        client.is_enabled("new-checkout", ALICE)
    client.is_enabled("missing", ALICE)
    assert client.flush()
    told = [(each.name, each.value, dict(each.attributes)) for each in found]
    served = {"flag": "new-checkout", "variation": "on", "reason": "FALLTHROUGH"}
    assert ("flagsite.evaluations", 3, served) in told
    assert ("flagsite.evaluation.errors", 1, {"flag": "missing", "code": "FLAG_NOT_FOUND"}) in told
    assert ("flagsite.reports", 1, {"outcome": "sent"}) in told
    assert "hunter2" not in repr(found)
    assert "alice" not in repr(found)


def test_updates_and_the_end_of_the_stream_are_told(
    measured: tuple[FlagClient, list[Measurement]], server: Server
) -> None:
    _, found = measured
    server.publish({"new-checkout": boolean(on=False)})
    eventually(lambda: any(each.name == "flagsite.revision" and each.value == server.revision for each in found))
    assert any((each.name, each.attributes) == ("flagsite.updates", {"source": "stream"}) for each in found)
    server.stop()
    eventually(lambda: any(each.name == "flagsite.stream.endings" for each in found))


def test_a_report_that_is_refused_is_told_with_what_it_lost(
    measured: tuple[FlagClient, list[Measurement]], server: Server
) -> None:
    client, found = measured
    server.reports.append((400, {}))
    client.is_enabled("new-checkout", ALICE)
    client.flush()
    told = [(each.name, each.value, dict(each.attributes)) for each in found]
    assert ("flagsite.reports", 1, {"outcome": "refused"}) in told
    assert ("flagsite.dropped", 1, {"what": "evaluations"}) in told


def test_what_finds_a_queue_full_is_told(connect: Connect) -> None:
    client = connect(event_queue_size=2, record_evaluations=1, record_queue_size=1)
    found: list[Measurement] = []
    client.on_measurement(found.append)
    with nothing_sent(client):
        for _ in range(5):
            client.track("purchase", ALICE)
            client.is_enabled("new-checkout", ALICE)
    client.flush()
    client.flush()
    lost = [(each.attributes["what"], each.value) for each in found if each.name == "flagsite.dropped"]
    assert {what: sum(value for of, value in lost if of == what) for what, _ in lost} == {"events": 3, "records": 4}


def test_a_listener_that_raises_hurts_nobody(connect: Connect, server: Server) -> None:
    client = connect()

    def fail(measurement: Measurement) -> None:
        raise RuntimeError(measurement.name)

    client.on_measurement(fail)
    client.is_enabled("new-checkout", ALICE)
    assert client.flush()


def test_an_update_is_reported_once_with_its_source(connect: Connect, server: Server) -> None:
    client = connect()
    server.publish({"new-checkout": boolean(on=False)})
    eventually(lambda: not client.is_enabled("new-checkout", ALICE))
    client.flush()
    client.is_enabled("new-checkout", ALICE)
    client.flush()
    updates = [update for batch in server.batches for update in batch.get("updates", ())]
    (update,) = updates
    assert (update["revision"], update["source"]) == (server.revision, "stream")
    assert 0 <= update["age_seconds"] < 5


def test_what_the_start_brings_is_no_update(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    client.flush()
    assert all("updates" not in batch for batch in server.batches)


def test_a_batch_that_waits_is_sent_with_older_updates() -> None:
    ledger = Ledger(instance="i")
    ledger.count(Counted("flag", "on", "FALLTHROUGH", 2), minute="2026-11-22T10:04:00Z")
    ledger.add_updates([Update(7, "stream", 100.0)])
    batch = ledger.seal()
    assert batch is not None
    first, again = (json.loads(batch.sent_at(moment)) for moment in (101.5, 160.0))
    assert [document.pop("updates")[0]["age_seconds"] for document in (first, again)] == [1.5, 60.0]
    assert first == again
    assert ledger.seal() is None


def test_of_too_many_updates_the_newest_are_kept() -> None:
    applied = Applied()
    ledger = Ledger(instance="i")
    for number in range(3 * MOST_UPDATES):
        applied.note(Update(number, "poll", 0.0))
        if number == MOST_UPDATES:
            ledger.add_updates(applied.take())
    ledger.add_updates(applied.take())
    batch = ledger.seal()
    assert batch is not None
    assert [update.revision for update in batch.updates] == list(range(2 * MOST_UPDATES, 3 * MOST_UPDATES))


def test_opentelemetry_is_given_the_same(measured: tuple[FlagClient, list[Measurement]]) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from flagsite_sdk.opentelemetry_metrics import measure
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    client, _ = measured
    stop = measure(client, meter_provider=MeterProvider([reader]))
    for _ in range(4):
        client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    document: dict[str, Any] = json.loads(reader.get_metrics_data().to_json())  # type: ignore[union-attr]  # there is some
    metrics = document["resource_metrics"][0]["scope_metrics"][0]["metrics"]
    (point,) = next(each for each in metrics if each["name"] == "flagsite.evaluations")["data"]["data_points"]
    assert point["value"] == 4
    assert point["attributes"] == {"flag": "new-checkout", "variation": "on", "reason": "FALLTHROUGH"}
    stop()


def test_every_kind_of_measurement_is_known() -> None:
    assert {Measurement(name, 1).kind for name in KINDS} == {Kind.COUNTER, Kind.GAUGE}
