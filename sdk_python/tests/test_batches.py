"""Batches stay within the server's limits and lose nothing that can be kept."""

import json
import uuid
from typing import Any

from flagsite_sdk import batches
from flagsite_sdk.batches import Ledger
from flagsite_sdk.counts import Counted, ErrorCounts
from flagsite_sdk.events import Event, EventQueue

MINUTE = "2026-11-22T10:04:00Z"


def sealed(ledger: Ledger) -> list[dict[str, Any]]:
    bodies = []
    while (batch := ledger.seal()) is not None:
        assert len(batch.body) <= 1_048_576
        document = json.loads(batch.body)
        assert len(document["counts"]) + len(document["events"]) <= 5_000
        assert batch.evaluations == sum(count["count"] for count in document["counts"])
        assert batch.events == len(document["events"])
        assert uuid.UUID(batch.number).version == 4
        assert document["batch"] == batch.number
        bodies.append(document)
    return bodies


def test_an_empty_ledger_seals_nothing() -> None:
    assert Ledger(instance="i").seal() is None


def test_counts_of_a_minute_are_summed() -> None:
    ledger = Ledger(instance="i")
    ledger.count(Counted("flag", "on", "FALLTHROUGH", 2), minute=MINUTE)
    ledger.count(Counted("flag", "on", "FALLTHROUGH", 3), minute=MINUTE)
    (batch,) = sealed(ledger)
    assert batch["counts"] == [
        {"flag": "flag", "variation": "on", "reason": "FALLTHROUGH", "count": 5, "minute": MINUTE}
    ]


def test_a_batch_says_which_revision_decides_when_there_is_one() -> None:
    ledger = Ledger(instance="i")
    said = []
    for revision in (None, 0, 7):
        ledger.count(Counted("flag", "on", "FALLTHROUGH", 1), minute=MINUTE)
        batch = ledger.seal(revision=revision)
        assert batch is not None
        said.append(json.loads(batch.body)["sdk"].get("revision", "nothing"))
    assert said == ["nothing", 0, 7]


def test_no_batch_has_more_entries_than_the_server_takes() -> None:
    ledger = Ledger(instance="i")
    for number in range(4_998):
        ledger.count(Counted(f"flag-{number}", "on", "FALLTHROUGH", 1), minute=MINUTE)
    ledger.add(Event(f"event-{number}", "alice", None, MINUTE) for number in range(10))
    first, second = sealed(ledger)
    assert (len(first["counts"]), len(first["events"])) == (4_998, 2)
    assert [event["name"] for event in second["events"]] == [f"event-{number}" for number in range(2, 10)]


def test_no_batch_is_larger_than_the_server_takes() -> None:
    ledger = Ledger(instance="i")
    ledger.add(Event("e" * 128, "\u20ac" * 512, 1.0, MINUTE) for _ in range(1_000))
    bodies = sealed(ledger)
    assert len(bodies) > 1
    assert sum(len(body["events"]) for body in bodies) == 1_000


def test_too_many_minutes_become_hours_and_lose_no_evaluation() -> None:
    ledger = Ledger(instance="i")
    for minute in range(120):
        for flag in range(200):
            moment = f"2026-11-22T{10 + minute // 60}:{minute % 60:02d}:00Z"
            ledger.count(Counted(f"flag-{flag}", "on", "FALLTHROUGH", 1), minute=moment)
    assert ledger.dropped == 0
    assert len(ledger._counts) <= batches._MOST_HELD
    total = sum(count["count"] for body in sealed(ledger) for count in body["counts"])
    assert total == 24_000


def test_too_many_flags_are_dropped_and_said() -> None:
    ledger = Ledger(instance="i")
    for flag in range(batches._MOST_HELD + 5):
        ledger.count(Counted(f"flag-{flag}", "on", "FALLTHROUGH", 2), minute=MINUTE)
    assert ledger.dropped == 10


def test_made_up_keys_cannot_fill_the_memory() -> None:
    counts = ErrorCounts()
    for number in range(5_000):
        counts.add(f"key-{number}", "GENERAL")
    assert len(list(counts.take())) == 1_000
    assert counts.uncounted == 4_000


def test_keys_that_the_server_would_refuse_are_only_totalled() -> None:
    counts = ErrorCounts()
    keys: list[object] = ["Upper", "", "x" * 129, "a b", "-a", "ü", None, 5, []]
    for key in keys:
        counts.add(key, "GENERAL")
    assert list(counts.take()) == []
    assert counts.uncounted == 9


def test_errors_are_taken_once_and_by_their_code() -> None:
    counts = ErrorCounts()
    counts.add("a", "GENERAL")
    assert list(counts.take()) == [("a", "GENERAL", 1)]
    assert list(counts.take()) == []
    counts.add("a", "GENERAL")
    counts.add("a", "NOT_READY")
    counts.add("b", "GENERAL")
    assert sorted(counts.take()) == [("a", "GENERAL", 1), ("a", "NOT_READY", 1), ("b", "GENERAL", 1)]


def test_events_carry_milliseconds() -> None:
    queue = EventQueue(1, clock=lambda: 1_795_341_600.9996)
    queue.add("purchase", "alice", 5)
    assert queue.take(5) == [Event("purchase", "alice", 5, "2026-11-22T10:00:01.000Z")]
    assert len(queue) == 0
