"""What the server decides is recorded: who got what and why, in bounds, and no more than the project lets us keep."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flagsite_sdk.engine.result import Evaluation, Reason
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags import recording
from flags.answers import Answer
from flags.models import EvaluationCount, LastEvaluation, RecentContext, RecordedEvaluation
from flags.recording import Drop
from flags.services import records
from flagsite.lib import clock
from flagsite.lib.moments import rfc3339
from flagsite.lib.ready_lines import ReadyLine
from tests.flags.builders import decide, make

pytestmark = pytest.mark.django_db

FOUND = Evaluation(True, "on", Reason.RULE_MATCH, "us", 7)


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    recording.start_anew()
    yield
    recording.start_anew()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """What was logged of evaluations, as JSON would have it."""
    caplog.set_level(logging.INFO, logger="flagsite.evaluations")

    def written() -> list[dict[str, Any]]:
        return [json.loads(record.line) for record in caplog.records if isinstance(record, ReadyLine)]

    return written


def keeps(project: Project, *paths: str, hashed: bool = False) -> None:
    project.recorded_attributes, project.hash_context_ids = list(paths), hashed
    project.save()


def rows(environment: Environment, *fields: str) -> list[tuple[Any, ...]]:
    recording.flush()
    return list(RecordedEvaluation.objects.filter(environment=environment).order_by("pk").values_list(*fields))


def counted(environment: Environment) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in EvaluationCount.objects.filter(environment=environment):
        found[row.flag_key, row.reason] = found.get((row.flag_key, row.reason), 0) + row.count
    return found


def test_an_evaluation_is_recorded_with_its_reason_and_revision_and_never_its_value(
    sdk: APIClient, production: Environment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    keeps(production.project, "country")
    rule = {"id": "us", "if": {"attribute": "country", "operator": "equals", "value": "US"}}
    make(production.project, "checkout", rules=[{**rule, "serve": {"variation": "on"}}])
    decide(sdk, "checkout", id="ann", country="US", email="ann@harbour.example")
    (row,) = rows(
        production, "flag_key", "context_id", "variation", "reason", "rule", "revision", "attributes", "source"
    )
    production.refresh_from_db()
    assert row == (
        "checkout", "ann", "on", "RULE_MATCH", "us", production.revision, {"country": "US"}, "server",
    )  # fmt: skip
    (line,) = lines()
    assert {name: line[name] for name in ("event", "flag", "context_id", "variation", "reason", "rule")} == {
        "event": "evaluation", "flag": "checkout", "context_id": "ann",
        "variation": "on", "reason": "RULE_MATCH", "rule": "us",
    }  # fmt: skip
    assert (line["project"], line["environment"], line["attributes"]) == ("shop", "production", {"country": "US"})
    assert line["revision"] == production.revision
    assert line["time"] == f"{RecordedEvaluation.objects.get().time:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert not {"value", "email"} & line.keys()


def test_what_the_server_decides_is_counted_by_the_minute_and_keeps_a_flag_fresh(
    sdk: APIClient, production: Environment
) -> None:
    make(production.project, "checkout")
    for _ in range(3):
        decide(sdk, "checkout")
    recording.flush()
    assert counted(production) == {("checkout", "FALLTHROUGH"): 3}
    assert LastEvaluation.objects.filter(environment=production, flag_key="checkout").exists()
    decide(sdk, "checkout")
    recording.flush()
    assert counted(production) == {("checkout", "FALLTHROUGH"): 4}


def test_all_flags_at_once_are_one_line_and_a_record_of_each(
    sdk: APIClient, production: Environment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    for key in ("banner", "checkout"):
        make(production.project, key)
    assert sdk.post("/evaluate", {"context": {"id": "ann"}}).status_code == 200
    assert sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ben"}}).status_code == 200
    assert sdk.post("/ofrep/v1/evaluate/flags/banner", {"context": {"targetingKey": "cem"}}).status_code == 200
    found = rows(production, "context_id", "flag_key", "variation")
    assert found == [
        ("ann", "banner", "on"),
        ("ann", "checkout", "on"),
        ("ben", "banner", "on"),
        ("ben", "checkout", "on"),
        ("cem", "banner", "on"),
    ]
    one, two, three = lines()
    assert (one["event"], one["flags"], two["event"], three["event"]) == ("evaluations", 2, "evaluations", "evaluation")
    assert one["evaluations"]["banner"] == {"variation": "on", "reason": "FALLTHROUGH", "rule": ""}
    assert counted(production) == {("banner", "FALLTHROUGH"): 3, ("checkout", "FALLTHROUGH"): 2}


def test_of_a_request_for_very_many_flags_only_the_counts_are_kept_and_it_is_said(
    production: Environment, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(recording, "MAX_RECORDED_AT_ONCE", 2)
    recording.note_all(production, {"id": "ann"}, [Answer(f"flag-{number}", FOUND) for number in range(3)])
    assert rows(production, "flag_key") == []
    assert sum(counted(production).values()) == 3
    assert recording.dropped() == {Drop.TOO_MANY_AT_ONCE: 3}
    (line,) = lines()
    assert (line["flags"], line["evaluations"]) == (3, {})
    assert RecentContext.objects.filter(environment=production, context_id="ann").exists()


def test_without_recording_evaluations_are_still_counted_and_nothing_is_said_of_anybody(
    sdk: APIClient, production: Environment, settings: Settings, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    settings.RECORD_EVALUATIONS = False
    make(production.project, "checkout")
    decide(sdk, "checkout", id="ann")
    assert rows(production, "flag_key") == []
    assert lines() == []
    assert counted(production) == {("checkout", "FALLTHROUGH"): 1}
    assert recording.dropped() == {}
    assert RecentContext.objects.get().context_id == "ann"


def test_where_ids_are_hashed_neither_records_nor_lines_tell_the_id_and_nobody_is_seen(
    sdk: APIClient, production: Environment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    make(production.project, "checkout")
    decide(sdk, "checkout", id="ann")
    recording.flush()
    keeps(production.project, hashed=True)
    decide(sdk, "checkout", id="ann")
    decide(sdk, "checkout", id="ben")
    decide(sdk, "checkout", id="")
    plain, ann, ben, nobody = (key for (key,) in rows(production, "context_id"))
    assert (plain, nobody) == ("ann", "")
    assert ann.startswith("hashed:")
    assert len(ann) == len("hashed:") + 32
    assert ann != ben
    assert [line["context_id"] for line in lines()] == [plain, ann, ben, nobody]
    assert RecentContext.objects.filter(context_id="ben").count() == 0


def test_the_same_id_has_another_hash_in_another_project(production: Environment, otto: Any) -> None:
    elsewhere = Environment.objects.get(project__key="elsewhere")
    for environment in (production, elsewhere):
        keeps(environment.project, hashed=True)
        recording.note_one(environment, {"id": "ann"}, Answer("checkout", FOUND))
    assert rows(production, "context_id") != rows(elsewhere, "context_id")


@pytest.mark.parametrize("key", ["x" * 600, "a\x00b", "a\ud800b"])
def test_an_id_that_the_table_cannot_hold_is_recorded_as_a_hash(key: str, production: Environment) -> None:
    recording.note_one(production, {"id": key}, Answer("checkout", FOUND))
    ((kept,),) = rows(production, "context_id")
    assert kept.startswith("hashed:")


@pytest.mark.parametrize("copies", [True, False], ids=["by COPY", "as on SQLite"])
def test_whatever_an_id_and_its_attributes_hold_is_read_back_as_it_was(
    copies: bool, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_takes_copies", lambda: copies)
    keeps(production.project, "plan", "size", "tags")
    odd = 'tab\there, \\N, "quoted",\nanother line, ü, 🦩, \x01\x7f'
    attributes = {"plan": odd, "size": 1.5, "tags": [1, None, {"a": True}]}
    recording.note_one(production, {"id": odd, **attributes}, Answer("checkout", FOUND))
    recording.note_one(production, {"id": ""}, Answer("checkout", Evaluation(None, "off", Reason.OFF, None, 2**63 - 1)))
    assert rows(production, "context_id", "attributes", "variation", "reason", "rule", "revision", "batch") == [
        (odd, attributes, "on", "RULE_MATCH", "us", 7, None),
        ("", {}, "off", "OFF", "", 2**63 - 1, None),
    ]


def test_a_moment_has_its_microseconds_in_lines_and_in_records_even_when_they_are_none(
    production: Environment, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    for moment in (datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2028, 2, 29, 23, 59, 59, 7, tzinfo=UTC)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
    assert [line["time"] for line in lines()] == ["2026-11-22T10:00:00.000000Z", "2028-02-29T23:59:59.000007Z"]
    assert [rfc3339(time) for (time,) in rows(production, "time")] == [line["timestamp"] for line in lines()]


def test_a_key_that_no_flag_can_have_is_passed_over(
    sdk: APIClient, production: Environment, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert sdk.post("/evaluate", {"flag_key": "Not A Key", "context": {"id": "ann"}}).status_code == 404
    assert rows(production, "flag_key") == []
    assert lines() == []


def test_a_flag_that_is_not_there_is_recorded_as_an_error_for_so_many_keys(
    sdk: APIClient, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.limits.MAX_UNKNOWN_FLAGS", 2)
    for key in ("gone-1", "gone-2", "gone-3", "gone-1"):
        assert sdk.post("/evaluate", {"flag_key": key, "context": {"id": "ann"}}).status_code == 404
    assert rows(production, "flag_key", "variation", "reason", "error_code") == [
        ("gone-1", "", "ERROR", "FLAG_NOT_FOUND"),
        ("gone-2", "", "ERROR", "FLAG_NOT_FOUND"),
        ("gone-1", "", "ERROR", "FLAG_NOT_FOUND"),
    ]
    assert recording.dropped() == {Drop.UNKNOWN_FLAGS: 1}


def test_what_finds_no_room_is_dropped_and_counted_and_the_sums_stay_right(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.limits.MAX_WAITING_EVALUATIONS", 3)
    for number in range(5):
        recording.note_one(production, {"id": f"user-{number}"}, Answer("checkout", FOUND))
    assert len(rows(production, "pk")) == 3
    assert recording.dropped() == {Drop.FULL: 2}
    assert counted(production) == {("checkout", "RULE_MATCH"): 5}
    recording.note_one(production, {"id": "user-4"}, Answer("checkout", FOUND))
    assert len(rows(production, "pk")) == 4


def test_attributes_have_bounds_of_their_own(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flags.limits.MAX_WAITING_ATTRIBUTE_BYTES", 110)
    keeps(production.project, "note")
    for _ in range(3):
        recording.note_one(production, {"id": "ann", "note": "x" * 40}, Answer("checkout", FOUND))
    assert (len(rows(production, "pk")), recording.dropped()) == (2, {Drop.FULL: 1})


def test_past_very_many_sums_new_ones_are_dropped_and_counted(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.limits.MAX_WAITING_COUNTS", 2)
    for key in ("a", "b", "c", "a"):
        recording.note_one(production, {"id": "ann"}, Answer(key, FOUND))
    recording.flush()
    assert counted(production) == {("a", "RULE_MATCH"): 2, ("b", "RULE_MATCH"): 1}
    assert recording.dropped() == {Drop.COUNTS_FULL: 1}


def test_many_threads_lose_nothing(production: Environment) -> None:
    def work() -> None:
        for number in range(200):
            recording.note_one(production, {"id": f"user-{number}"}, Answer("checkout", FOUND))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(production, "pk")) == 1_600
    assert counted(production) == {("checkout", "RULE_MATCH"): 1_600}
