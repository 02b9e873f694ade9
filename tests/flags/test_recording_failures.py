"""What was noted outlives a database that is away, and no error ends the writing."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError
from django.db.models import QuerySet
from flagsite_sdk.engine.result import Evaluation, Reason
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import recording
from flags.answers import Answer
from flags.models import RecentContext
from flags.recording import Drop, recorder
from flags.services import evaluations, records, refusals
from tests.flags.builders import decide, make
from tests.flags.test_recording import FOUND, _nothing_noted, counted, rows  # noqa: F401 - a fixture among them

pytestmark = pytest.mark.django_db


def test_while_the_database_is_away_records_wait_and_are_written_once(
    sdk: APIClient, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(production.project, "checkout")

    def fail(*_: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(recorder, "record_evaluations", fail)
        decide(sdk, "checkout", id="ann")
        recording.flush()
        decide(sdk, "checkout", id="ben")
        recording.flush()
    assert rows(production, "context_id") == [("ann",), ("ben",)]
    assert rows(production, "context_id") == [("ann",), ("ben",)]
    assert counted(production) == {("checkout", "FALLTHROUGH"): 2}
    assert recording.dropped() == {}
    assert RecentContext.objects.count() == 2


def test_what_the_database_never_takes_does_not_block_what_comes_behind_it(
    production: Environment, development: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise DataError

    with monkeypatch.context() as broken:
        broken.setattr(recorder, "record_evaluations", fail)
        recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
        recording.flush()
    recording.note_one(production, {"id": "ben"}, Answer("checkout", FOUND))
    assert rows(production, "context_id") == [("ben",)]
    assert recording.dropped() == {Drop.UNWRITTEN: 1}


@pytest.mark.parametrize("copies", [True, False], ids=["by COPY", "as on SQLite"])
def test_of_a_batch_with_rows_that_the_database_refuses_only_those_are_lost_and_it_is_said(
    copies: bool, production: Environment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(records, "_takes_copies", lambda: copies)
    too_long = Evaluation(True, "on", Reason.RULE_MATCH, "r" * 200, 7)
    for number in range(20):
        recording.note_one(production, {"id": f"user-{number:02}"}, Answer("checkout", FOUND))
        if number in {3, 4, 19}:
            recording.note_one(production, {"id": "refused"}, Answer("checkout", too_long))
    assert rows(production, "context_id") == [(f"user-{number:02}",) for number in range(20)]
    assert counted(production) == {("checkout", "RULE_MATCH"): 23}, "the sums stay right"
    assert recording.dropped() == {Drop.REFUSED: 3}
    assert RecentContext.objects.count() == 21
    said = "".join(record.getMessage() for record in caplog.records)
    assert "StringDataRightTruncation" in said
    assert "r" * 200 not in said


def test_what_neither_records_nor_sums_can_hold_is_counted_by_what_is_missing(production: Environment) -> None:
    unwritable = Answer("checkout", Evaluation(True, "a\x00b", Reason.FALLTHROUGH, None, 7))
    recording.note_all(production, {"id": "ann"}, [Answer("banner", FOUND), unwritable, Answer("sale", FOUND)])
    recording.note_one(production, {"id": "ben"}, unwritable)
    assert rows(production, "context_id", "flag_key") == [("ann", "banner"), ("ann", "sale")]
    assert counted(production) == {("banner", "RULE_MATCH"): 1, ("sale", "RULE_MATCH"): 1}
    assert recording.dropped() == {Drop.REFUSED: 2, Drop.UNWRITTEN: 2}


def test_where_all_is_refused_it_is_given_up_after_so_many_tries(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MAX_TRIES", 5)
    written: list[int] = []

    def refuse(rows: Sequence[bytes]) -> None:
        written.append(len(rows))
        raise IntegrityError

    monkeypatch.setattr(records, "_copy", refuse)
    for number in range(16):
        recording.note_one(production, {"id": f"user-{number}"}, Answer("checkout", FOUND))
    recording.flush()
    assert written == [16, 8, 4, 2, 1, 1, 2, 4, 8]
    assert recording.dropped() == {Drop.REFUSED: 16}


def test_what_goes_away_between_records_and_sums_leaves_neither_and_is_written_once(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError

    recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
    with monkeypatch.context() as broken:
        broken.setattr(evaluations, "count_evaluations", away)
        assert rows(production, "context_id") == []
    assert rows(production, "context_id") == [("ann",)]
    assert counted(production) == {("checkout", "RULE_MATCH"): 1}
    assert recording.dropped() == {}


def test_what_a_lost_connection_cut_off_is_written_the_next_time(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise psycopg.errors.AdminShutdown

    recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
    with monkeypatch.context() as broken:
        broken.setattr(psycopg.Cursor, "copy", lost)
        recording.flush()
    assert rows(production, "context_id") == [("ann",)]
    assert recording.dropped() == {}


def test_an_error_that_nobody_thought_of_does_not_end_the_writing(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ProgrammingError

    writer = recorder.Recorder()
    monkeypatch.setattr(recording, "_recorder", writer)
    recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
    with monkeypatch.context() as broken:
        broken.setattr(QuerySet, "in_bulk", fail)
        assert writer._flush_whatever_happens() is False
    recording.note_one(production, {"id": "ben"}, Answer("checkout", FOUND))
    assert rows(production, "context_id") == [("ben",)]
    assert recording.dropped() == {Drop.UNWRITTEN: 1}


def test_what_cannot_be_written_when_the_process_stops_is_counted_as_lost(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(recorder, "record_evaluations", fail)
    recording.note_one(production, {"id": "ann"}, Answer("checkout", FOUND))
    recording.stop_writing()
    assert recording.dropped() == {Drop.UNWRITTEN: 1}
