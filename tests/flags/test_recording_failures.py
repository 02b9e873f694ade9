"""What was noted outlives a database that is away, and no error ends the writing."""

from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError
from django.db.models import QuerySet
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import recording
from flags.answers import Answer
from flags.models import RecentContext
from flags.recording import Drop, recorder
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
